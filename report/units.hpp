#pragma once
// Numbers as people read them, and back.

#include <cstdint>
#include <optional>
#include <string>

namespace memprof::report {

/// As tracemalloc prints sizes: below 100 of a unit one decimal ("7.6 MiB"), up to 10 * 1024 none ("8173 KiB").
std::string format_size(std::uint64_t bytes);
/// The same with a sign, also for zero: "+4428 KiB", "-7.6 MiB", "+0 B".
std::string format_size_change(std::int64_t bytes);
/// As memory_profiler prints sizes: always "%.1f MiB".
std::string format_mib(std::int64_t bytes);

/// Mean of `bytes` over `count` blocks; `count` must not be 0.
std::string format_average(std::uint64_t bytes, std::uint64_t count);

/// "1,234,567"
std::string format_count(std::uint64_t count);
/// "350 ms", "12.3 s", "4 min 05 s", "3 h 07 min"
std::string format_duration(double seconds);

/// "512", "64KiB", "64K", "64 kib", "1.5MiB", "2G" (all powers of 1024) in bytes.
std::optional<std::uint64_t> parse_size(const std::string& text);

/// "500ms", "5s", "5", "1.5 min", "1h" in seconds; at least a millisecond.
std::optional<double> parse_duration(const std::string& text);

}  // namespace memprof::report
