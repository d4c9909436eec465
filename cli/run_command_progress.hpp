#pragma once
// The status line of a run: figures while the program runs, a bar while symbols are looked up.

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "cli/status_line.hpp"
#include "collect/session.hpp"

namespace memprof::cli {

/// Not thread-safe; callers make sure that calls do not overlap.
class RunProgress {
 public:
  /// Silent when `quiet`, or when stderr is no terminal.
  explicit RunProgress(bool quiet);

  /// Whether it is worth the callers' while to report.
  bool visible() const { return visible_; }

  void running(const collect::LiveStatus& status);
  /// For as long as it takes: appears after a second.
  void looking_up_symbols(double fraction, const std::string& what);
  void clear() { line_.clear(); }
  /// Makes room for lines of text.
  void give_way();

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    double elapsed_s;
    std::uint64_t events;
  };
  double events_per_second(const collect::LiveStatus& status);

  StatusLine line_;
  bool visible_;
  bool somewhere_ = true;       ///< the cursor may be anywhere: the program ran since the last give_way()
  std::deque<Sample> samples_;  ///< of the last second or so
  Clock::time_point lookup_start_{}, last_drawn_{};
};

/// "memprof: 12.3 s  live 84.2 MiB  peak 97.0 MiB  1,234,567 events/s"
[[nodiscard]] std::string status_text(const collect::LiveStatus& status, double events_per_second);

/// "memprof: looking up symbols  [#####     ]  52 %  libfoo.so"
[[nodiscard]] std::string symbols_text(double fraction, const std::string& what);

}  // namespace memprof::cli
