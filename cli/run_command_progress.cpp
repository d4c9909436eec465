#include "cli/run_command_progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/units.hpp"

namespace memprof::cli {
namespace {

using namespace std::chrono_literals;

constexpr double kFirstShown_s = 0.3;     // a program that is over by then needs no status
constexpr std::size_t kRateSamples = 10;  // a second's worth
constexpr auto kLookupSilence = 1s;
constexpr auto kRedraw = 100ms;
constexpr std::size_t kBarColumns = 24;

/// As format_duration() has it, but without milliseconds, which would flicker.
std::string elapsed_text(double seconds) {
  if (seconds >= 1) return format_duration(seconds);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  return text.data();
}

}  // namespace

std::string status_text(const collect::LiveStatus& status, double events_per_second) {
  const std::string figures = "memprof: " + elapsed_text(status.elapsed_s) + "  live " +
                              format_size(status.live_bytes) + "  peak " + format_size(status.peak_bytes);
  if (status.main_ended) {
    return figures + "  waiting for " + std::to_string(status.processes) + ", Ctrl-C ends the wait";
  }
  if (status.interrupted) return figures + "  Ctrl-C again to stop recording";
  const std::string processes =
      status.processes > 1 ? "  " + std::to_string(status.processes) + " processes" : std::string();
  return figures + "  " + format_count(static_cast<std::uint64_t>(events_per_second)) + " events/s" + processes;
}

std::string symbols_text(double fraction, const std::string& what) {
  const double share = std::clamp(fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  std::array<char, 16> percent{};
  std::snprintf(percent.data(), percent.size(), "%3.0f %%", share * 100);
  return "memprof: looking up symbols  [" + std::string(filled, '#') + std::string(kBarColumns - filled, ' ') + "]  " +
         percent.data() + "  " + what;
}

RunProgress::RunProgress(bool quiet) : line_(STDERR_FILENO), visible_(!quiet && line_.usable()) {}

void RunProgress::running(const collect::LiveStatus& status) {
  somewhere_ = true;
  const double rate = events_per_second(status);
  if (visible_ && status.elapsed_s >= kFirstShown_s) line_.show_beside_program(status_text(status, rate));
}

double RunProgress::events_per_second(const collect::LiveStatus& status) {
  const Sample oldest = samples_.empty() ? Sample{0, 0} : samples_.front();
  samples_.push_back({status.elapsed_s, status.events});
  if (samples_.size() > kRateSamples) samples_.pop_front();
  const double passed = status.elapsed_s - oldest.elapsed_s;
  return passed > 0 ? static_cast<double>(status.events - std::min(oldest.events, status.events)) / passed : 0;
}

void RunProgress::give_way() {
  if (!visible_) return;
  line_.clear();
  if (somewhere_) line_.start_line();
  somewhere_ = false;
}

void RunProgress::looking_up_symbols(double fraction, const std::string& what) {
  if (!visible_) return;
  const auto now = Clock::now();
  if (lookup_start_ == Clock::time_point{}) lookup_start_ = now;
  if (now - lookup_start_ < kLookupSilence || now - last_drawn_ < kRedraw) return;
  last_drawn_ = now;
  give_way();
  line_.show_at_cursor(symbols_text(fraction, what));
}

}  // namespace memprof::cli
