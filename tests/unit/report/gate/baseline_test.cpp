#include "report/baseline.hpp"

#include "tests/catch.hpp"

namespace memprof::report {
namespace {

using Catch::Contains;

const Baseline kSample{
    1234, {{{"fill", "parse", "main"}, 3, 48}, {{"(static initialization)"}, 1, 4}, {{"operator<-x"}, 2, 9}}};

std::string complaint(const std::string& text) {
  const auto read = parse_baseline(text, "b.txt");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ExitCode::kUsage);
  return read.error().what;
}

std::string site_line(const FunctionPath& path, const std::string& figures = " 1 blocks 8 bytes: ") {
  return fingerprint(path) + figures + path_text(path) + "\n";
}

TEST_CASE("a baseline reads as it was written, whatever the order of its lines and their ends") {
  const std::string text = format_baseline(kSample);
  auto read = parse_baseline(text, "b.txt");
  REQUIRE(read.has_value());
  CHECK(read->peak_bytes == 1234);
  CHECK(read->sites.size() == 3);
  CHECK(format_baseline(*read) == text);
  std::swap(read->sites[0], read->sites[2]);
  CHECK(format_baseline(*read) == text);

  std::string windows;
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto again = parse_baseline(windows, "b.txt");
  REQUIRE(again.has_value());
  CHECK(format_baseline(*again) == text);
}

TEST_CASE("each site of a baseline is one line with blank lines around it, sorted by fingerprint") {
  const std::string text = format_baseline(kSample);
  CHECK_THAT(text, Catch::StartsWith("memprof-baseline 1\n"));
  CHECK_THAT(text,
             Contains("\n\n" + fingerprint({"fill", "parse", "main"}) + " 3 blocks 48 bytes: fill <- parse <- main\n"));
  std::size_t at = 0;
  std::string last;
  for (int i = 0; i < 3; ++i) {
    at = text.find(" blocks ", at);
    REQUIRE(at != std::string::npos);
    const std::string print = text.substr(text.rfind('\n', at) + 1, 16);
    CHECK(last < print);
    last = print;
    ++at;
  }
}

TEST_CASE("names with control characters stay on their line") {
  const std::string text = format_baseline({0, {{{"a\nb"}, 1, 1}}});
  const auto read = parse_baseline(text, "b.txt");
  REQUIRE(read.has_value());
  CHECK(read->sites[0].path == FunctionPath{"a?b"});
}

TEST_CASE("what is no baseline, or a broken one, is refused with file and line") {
  CHECK_THAT(complaint(""), Contains("b.txt is not a baseline of memprof"));
  CHECK_THAT(complaint("{}"), Contains("b.txt is not a baseline of memprof"));
  CHECK_THAT(complaint("memprof-baseline 2\n"), Contains("version 2") && Contains("reads version 1"));
  CHECK_THAT(complaint("memprof-baseline 1\n\npeak much\n"), Contains("b.txt:3: the peak"));
  CHECK_THAT(complaint("memprof-baseline 1\nnonsense\n"), Contains("b.txt:2: 'nonsense' is not a site"));
  CHECK_THAT(complaint("memprof-baseline 1\n" + site_line({"f"}, " 1 blocks -8 bytes: ")), Contains("is not a site"));
  CHECK_THAT(complaint("memprof-baseline 1\n" + fingerprint({"f"}) + " 1 blocks 8 bytes: g\n"),
             Contains("b.txt:2: fingerprint") && Contains("does not belong"));
  CHECK_THAT(complaint("memprof-baseline 1\n" + site_line({"f"}) + "\n" + site_line({"f"}, " 2 blocks 8 bytes: ")),
             Contains("b.txt:4: this site is on line 2 already"));
  CHECK_THAT(complaint("memprof-baseline 1\n<<<<<<< ours\n"), Contains("b.txt:2: a merge is not finished"));
  CHECK_FALSE(read_baseline("/nonexistent/baseline").has_value());
  CHECK_FALSE(read_baseline("/").has_value());
}

TEST_CASE("lines that a union merge has doubled count once") {
  const auto read =
      parse_baseline("memprof-baseline 1\n" + site_line({"f"}) + site_line({"g"}) + site_line({"f"}), "b");
  REQUIRE(read.has_value());
  CHECK(read->sites.size() == 2);
}

TEST_CASE("of the two peaks of a union merge the higher one holds") {
  const auto read = parse_baseline("memprof-baseline 1\npeak 10 bytes\npeak 20 bytes\npeak 5 bytes\n", "b.txt");
  REQUIRE(read.has_value());
  CHECK(read->peak_bytes == 20);
}

}  // namespace
}  // namespace memprof::report
