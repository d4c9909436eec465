#include "cli/run_command_summary.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "cli/memory_text.hpp"
#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "profile/memory_coverage.hpp"
#include "report/capture_verdict.hpp"
#include "report/frame_names.hpp"
#include "report/grouping.hpp"
#include "report/own_frame.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kTopSites = 5;
constexpr std::size_t kNarrowestName = 16;
constexpr std::uint64_t kMuchMemory = 32 * 1024 * 1024;  // below it, one line less
constexpr double kLongWait = 0.01;                       // of the run's duration

std::string ending(const Process& process) {
  const std::string after = " after " + format_duration(process.duration_s);
  switch (process.end_kind) {
    case EndKind::kExited:
      return (process.end_value == 0 ? " ended" : " ended with status " + std::to_string(process.end_value)) + after;
    case EndKind::kSignalled: {
      const char* const name = ::sigabbrev_np(process.end_value);
      return " was killed by " +
             (name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(process.end_value)) + after;
    }
    case EndKind::kReplaced:
      return " became another program" + after;
    case EndKind::kStillRunning:
      return " still runs" + after;
    case EndKind::kUnknown:
      break;
  }
  return " ended" + after;
}

std::string blocks(std::uint64_t count) { return format_count(count) + (count == 1 ? " block" : " blocks"); }

std::string percent(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

std::string bold(const std::string& text, const SummaryStyle& style) {
  return style.colour ? "\033[1m" + text + "\033[0m" : text;
}

std::string warning(const std::string& text, const SummaryStyle& style) {
  return style.colour ? "\033[1;31m" + text + "\033[0m" : text;
}

std::string function_of(const Profile& profile, const report::GroupRow& row) {
  if (row.frame == kNoIndex) return row.name;
  const Frame& frame = profile.frames[row.frame];
  if (frame.function == 0) return report::function_name(profile, frame);
  return (frame.nearest ? "near " : "") + report::bare_function_name(profile.text(frame.function));
}

std::string place_of(const Profile& profile, const report::GroupRow& row) {
  if (row.frame == kNoIndex) return {};
  const Frame& frame = profile.frames[row.frame];
  if (frame.file != 0 && frame.line != 0) {
    return report::base_name(profile.text(frame.file)) + ':' + std::to_string(frame.line);
  }
  return report::base_name(report::module_name(profile, frame));
}

void add_totals(const Totals& totals, const SummaryStyle& style, std::vector<std::string>& lines) {
  lines.push_back("  allocated  " + format_size(totals.allocated_bytes) + " in " + blocks(totals.allocations) + ", " +
                  format_count(totals.temporary_allocations) + " temporary");
  lines.push_back("  peak       " + bold(format_size(totals.peak_bytes), style) + " in " + blocks(totals.peak_blocks) +
                  " after " + format_duration(totals.peak_time_s));
  lines.push_back("  unfreed    " + (totals.live_blocks == 0 ? std::string("nothing")
                                                             : format_size(totals.live_bytes) + " in " +
                                                                   blocks(totals.live_blocks) + " at the end"));
  if (totals.failed_allocations > 0) {
    lines.push_back("  failed     " + format_count(totals.failed_allocations) + " allocations got no memory");
  }
}

/// Where the resident memory was, if it is more than one would think from the heap.
void add_memory(const Profile& profile, std::vector<std::string>& lines) {
  const MemoryMoment* const moment = highest_moment(profile);
  if (moment == nullptr || moment->rss_bytes < kMuchMemory) return;
  lines.push_back("  resident   " + format_size(moment->rss_bytes) + ": " + coverage_text(profile, *moment));
}

void add_top_sites(const Profile& profile, const SummaryStyle& style, std::vector<std::string>& lines) {
  report::GroupOptions options;
  options.by = report::GroupBy::kLine;
  options.metric = report::Metric::kPeak;
  if (profile.capture.max_depth == 0) return;  // a single line that says nothing
  const auto grouping = report::group_sites(profile, options);
  if (!grouping || grouping->rows.empty()) return;
  lines.push_back(bold("where the memory was at the peak", style));
  std::size_t widest_place = 0;
  const std::size_t count = std::min(grouping->rows.size(), kTopSites);
  for (std::size_t i = 0; i < count; ++i) {
    widest_place = std::max(widest_place, display_width(place_of(profile, grouping->rows[i])));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const report::GroupRow& row = grouping->rows[i];
    std::string line = "  " + padded_left(format_size(row.measure.bytes), 9) + "  " +
                       padded_left(percent(row.measure.bytes, grouping->total.bytes), 7) + "  ";
    std::string place = printable(place_of(profile, row));
    std::string function = printable(function_of(profile, row));
    if (style.width > 0) {
      const std::size_t room = std::max<std::size_t>(style.width, line.size() + 2 * kNarrowestName) - line.size() - 2;
      const std::size_t place_room = std::min(widest_place, std::max(kNarrowestName, room / 2));
      place = shortened_middle(place, place_room);
      function = shortened_middle(function, room - place_room);
      line += padded_right(place, place_room);
    } else {
      line += padded_right(place, widest_place);
    }
    lines.push_back(line + "  " + function);
  }
}

}  // namespace

std::vector<std::string> wrapped(const std::string& title, const std::string& text, unsigned width) {
  std::vector<std::string> lines{title};
  bool first_word = true;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::string word = text.substr(start, end - start);
    if (width > 0 && !first_word && display_width(lines.back()) + 1 + display_width(word) > width) {
      lines.push_back(std::string(display_width(title), ' ') + word);
    } else {
      lines.back() += (first_word ? "" : " ") + word;
    }
    first_word = false;
    start = end + 1;
  }
  return lines;
}

std::vector<std::string> summarize(const Profile& profile, const SummaryStyle& style) {
  const Totals& totals = profile.totals;
  std::vector<std::string> lines;
  lines.push_back(bold(printable(profile.process.program), style) + ending(profile.process) + ", pid " +
                  std::to_string(profile.process.pid));
  if (totals.allocations + totals.frees + totals.failed_allocations == 0) {
    lines.push_back("  allocated  nothing");
  } else {
    add_totals(totals, style, lines);
  }
  add_memory(profile, lines);
  const std::string quality = printable(report::capture_verdict(profile.capture));
  for (const std::string& line : wrapped("  capture    ", quality, style.width)) {
    lines.push_back(quality == "complete" ? line : warning(line, style));
  }
  if (profile.capture.ring_wait_s > kLongWait * profile.process.duration_s) {
    lines.push_back("  waited     " + format_duration(profile.capture.ring_wait_s) + " for memprof to keep up (" +
                    format_count(profile.capture.ring_waits) + " times)");
  }
  add_top_sites(profile, style, lines);
  return lines;
}

std::string next_command(const Profile& profile, const std::string& path) {
  if (profile.totals.allocations == 0 && profile.mapped_totals.peak_bytes > 0) {
    return "memprof top --metric mapped " + printable(path);
  }
  return (report::has_program_lines(profile) ? "memprof lines " : "memprof top ") + printable(path);
}

}  // namespace memprof::cli
