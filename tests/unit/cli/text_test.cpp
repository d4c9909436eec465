// The small functions that make text: units, printable names, sparkline, suggestions.

#include "cli/printable.hpp"
#include "cli/sparkline.hpp"
#include "cli/suggestion.hpp"
#include "cli/units.hpp"
#include "tests/catch.hpp"

using namespace memprof::cli;

TEST_CASE("Sizes are printed by tracemalloc's rules") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(117) == "117 B");
  CHECK(format_size(10 * 1024 - 1) == "10239 B");
  CHECK(format_size(10 * 1024) == "10.0 KiB");
  CHECK(format_size(8173 * 1024) == "8173 KiB");
  CHECK(format_size(16'000'000) == "15.3 MiB");
  CHECK(format_size(std::uint64_t{5} << 50) == "5120 TiB");
  CHECK(format_size(~std::uint64_t{0}) == "16777216 TiB");
  CHECK(format_size_change(4428 * 1024) == "+4428 KiB");
  CHECK(format_size_change(-8'000'000) == "-7812 KiB");
  CHECK(format_size_change(0) == "+0 B");
  CHECK(format_average(100, 3) == "33 B");
}

TEST_CASE("Sizes of the line table always are in MiB") {
  CHECK(format_mib(8'000'000) == "7.6 MiB");
  CHECK(format_mib(-8'000'000) == "-7.6 MiB");
  CHECK(format_mib(-10) == "0.0 MiB");
}

TEST_CASE("Counts and durations are readable") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(format_duration(0) == "0 ms");
  CHECK(format_duration(0.35) == "350 ms");
  CHECK(format_duration(0.9999) == "1.0 s");
  CHECK(format_duration(12.34) == "12.3 s");
  CHECK(format_duration(59.96) == "1 min 00 s");
  CHECK(format_duration(3 * 3600 + 7 * 60) == "3 h 07 min");
}

TEST_CASE("Times are read with their unit, and are more than nothing") {
  CHECK(parse_duration("5") == 5.0);
  CHECK(parse_duration("500ms") == 0.5);
  CHECK(parse_duration("1.5 s") == 1.5);
  CHECK(parse_duration("2min") == 120.0);
  CHECK(parse_duration("1H") == 3600.0);
  for (const char* text : {"", "0", "0s", "-1", "0.0001", "s", "5 parsecs", "1e400", "nan", "5s5"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("Sizes are read with units of 1024") {
  CHECK(parse_size("512") == 512u);
  CHECK(parse_size("64K") == 65536u);
  CHECK(parse_size("64 kib") == 65536u);
  CHECK(parse_size("1.5MiB") == 1572864u);
  CHECK(parse_size("2GB") == 2147483648u);
  CHECK(parse_size("3b") == 3u);
  for (const char* text : {"", "K", "-1", "1Q", "1KX", "1e3", "nan", "99999999T", "1 2"}) {
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("Names are escaped for terminals and keep their UTF-8") {
  CHECK(printable("größe λ") == "größe λ");
  CHECK(printable("\x1b[31m") == "\\x1b[31m");
  CHECK(printable("a\nb\tc") == "a\\x0ab c");
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");             // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");    // surrogate
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");             // CSI as one character
  CHECK(printable("a\xe2\x80\xae") == "a\\xe2\\x80\\xae");  // right-to-left override
}

TEST_CASE("Shortened names keep both ends and whole characters") {
  CHECK(shortened_middle("abcdefghij", 10) == "abcdefghij");
  CHECK(shortened_middle("abcdefghij", 5) == "ab…ij");
  CHECK(shortened_middle("abcdefghij", 4) == "ab…j");
  CHECK(shortened_middle("ääääääää", 5) == "ää…ää");
  CHECK(shortened_middle("abcdefghij", 0) == "abcdefghij");
  CHECK(shortened_end("abcdef", 4) == "abc…");
  CHECK(display_width("a\xcc\x88o") == 2);
}

TEST_CASE("A sparkline is as high as the heap was") {
  using Points = std::vector<memprof::TimelinePoint>;
  const Points rise = {{.time_s = 0},
                       {.time_s = 1, .live_bytes = 40, .highest_bytes = 40},
                       {.time_s = 2, .live_bytes = 80, .highest_bytes = 80}};
  CHECK(sparkline(rise, 3, 3) == " ▄█");
  CHECK(sparkline(rise, 3, 6) == "  ▄▄██");
  CHECK(sparkline({}, 3, 6).empty());
  CHECK(sparkline({{.time_s = 1}}, 3, 6).empty());
  CHECK(sparkline({{.time_s = 9, .live_bytes = 1, .highest_bytes = 1}}, 3, 2) == " █");
  CHECK(sparkline({{.time_s = 0, .live_bytes = 1, .highest_bytes = 1}}, 0, 2) == "██");
}

TEST_CASE("The nearest word is near, or none") {
  const std::vector<std::string> words = {"lines", "leaks", "top", "info", "run"};
  CHECK(nearest_word("lnies", words) == "lines");
  CHECK(nearest_word("leak", words) == "leaks");
  CHECK(nearest_word("tpo", words) == "top");
  CHECK(nearest_word("frobnicate", words).empty());
  CHECK(nearest_word("", words).empty());
}
