#include "report/units.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace memprof::report {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

std::string number(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

/// tracemalloc's _format_size(), whose shape users know.
std::string size_text(double size, bool with_sign) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (true) {
    const bool last = unit + 1 == kUnits.size();
    if (std::abs(size) < 100 && unit > 0) return number(with_sign ? "%+.1f" : "%.1f", size) + " " + kUnits[unit];
    if (std::abs(size) < 10 * 1024 || last) return number(with_sign ? "%+.0f" : "%.0f", size) + " " + kUnits[unit];
    size /= 1024;
    ++unit;
  }
}

struct NumberAndUnit {
  double value = 0;
  std::string unit;  ///< in small letters, without spaces
};

std::optional<NumberAndUnit> split_number(const std::string& text) {
  NumberAndUnit split;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, split.value, std::chars_format::fixed);
  if (error != std::errc{} || !(split.value >= 0)) return std::nullopt;
  for (const char c : std::string_view{after, static_cast<std::size_t>(end - after)}) {
    if (c != ' ') split.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return split;
}

}  // namespace

std::string format_size(std::uint64_t bytes) { return size_text(static_cast<double>(bytes), false); }

std::string format_size_change(std::int64_t bytes) { return size_text(static_cast<double>(bytes), true); }

std::string format_mib(std::int64_t bytes) {
  const std::string text = number("%.1f MiB", static_cast<double>(bytes) / kMiB);
  return text == "-0.0 MiB" ? "0.0 MiB" : text;
}

std::string format_average(std::uint64_t bytes, std::uint64_t count) {
  return size_text(static_cast<double>(bytes) / static_cast<double>(count), false);
}

std::string format_count(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0)) return "0 ms";
  if (seconds < 0.9995) return number("%.0f ms", seconds * 1000);
  if (seconds < 59.95) return number("%.1f s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  std::array<char, 64> text{};
  if (whole < 3600) {
    std::snprintf(text.data(), text.size(), "%d min %02d s", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%llu h %02d min", static_cast<unsigned long long>(whole / 3600),
                  static_cast<int>(whole / 60 % 60));
  }
  return text.data();
}

std::optional<std::uint64_t> parse_size(const std::string& text) {
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  auto [value, unit] = *split;
  constexpr std::string_view kLetters = "kmgt";
  if (!unit.empty() && unit != "b") {
    const std::size_t power = kLetters.find(unit[0]);
    const std::string_view rest = std::string_view{unit}.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return std::nullopt;
    value = std::ldexp(value, static_cast<int>(10 * (power + 1)));
  }
  if (value >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(value));
}

std::optional<double> parse_duration(const std::string& text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  constexpr std::array<Unit, 7> kUnits = {
      {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"sec", 1}, {"m", 60}, {"min", 60}, {"h", 3600}}};
  constexpr double kShortest = 1e-3, kLongest = 1e9;
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  for (const Unit& unit : kUnits) {
    const double seconds = split->value * unit.seconds;
    if (split->unit == unit.name && seconds >= kShortest && seconds <= kLongest) return seconds;
  }
  return std::nullopt;
}

}  // namespace memprof::report
