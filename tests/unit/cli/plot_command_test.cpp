#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/printable.hpp"
#include "tests/unit/cli/cli_runner.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::tests;

namespace {

Profile rising() {
  ProfileBuilder builder;
  Profile& profile = builder.profile;
  for (std::uint64_t second = 0; second <= 4; ++second) {
    profile.timeline.push_back({static_cast<double>(second), second << 20, second << 20, second << 21, second});
  }
  profile.totals.peak_bytes = 4 << 20;
  profile.totals.peak_time_s = 4;
  profile.process.duration_s = 4;
  profile.threads.push_back({.tid = 1});
  profile.scopes = {{.name = builder.string("load")}};
  profile.scope_calls = {{0, 1, 3}};
  profile.snapshots = {{2, builder.string("warm"), 2 << 20, 2}};
  return builder.finished();
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, cli::display_width(line));
  return widest;
}

}  // namespace

TEST_CASE("The plot fits 80 columns in a pipe and the terminal's width else") {
  const ProfileFile a(rising(), "a.json");
  const Output piped = run_memprof({"plot", a.path()});
  CHECK(piped.status == 0);
  CHECK(widest_line(piped.out) <= 80);
  CHECK(piped.out.find("\x1b[") == std::string::npos);
  CHECK(piped.out.find("├") != std::string::npos);
  CHECK(piped.out.find("load") != std::string::npos);
  CHECK(piped.out.find("▲warm") != std::string::npos);
  CHECK(piped.out.find("peak 4096 KiB at 4.0 s, slope +1024 KiB/s, R² 1.00") != std::string::npos);
  cli::Terminal terminal;
  terminal.width = 120;
  const Output wide = run_memprof({"plot", a.path()}, terminal);
  CHECK(widest_line(wide.out) > 80);
  CHECK(widest_line(wide.out) <= 120);
}

TEST_CASE("A straight line rises from the lower left to the upper right") {
  const ProfileFile a(rising(), "a.json");
  const Output output = run_memprof({"plot", "--no-rss", "--height", "8", a.path()});
  std::istringstream lines(output.out);
  std::string line;
  std::getline(lines, line);  // the title
  std::size_t before = std::string::npos;
  for (int i = 0; i < 8; ++i) {
    std::getline(lines, line);
    const std::size_t label = line.find("┤");
    const std::size_t axis = label != std::string::npos ? label : line.find("│");
    REQUIRE(axis != std::string::npos);
    if (i == 0) continue;  // the peak's own line is in it
    const std::size_t first = line.find_first_not_of(' ', axis + 3);
    INFO(output.out);
    CHECK(first < before);
    before = first;
  }
}

TEST_CASE("Plot writes SVG, and replaces nothing unasked") {
  const WorkingDirectory folder;
  const ProfileFile a(rising(), "a.json"), b(rising(), "b.json");
  CHECK(run_memprof({"plot", a.path(), b.path(), "-o", "heap.svg"}).status == 0);
  std::ifstream file("heap.svg");
  const std::string svg{std::istreambuf_iterator<char>(file), {}};
  CHECK(svg.starts_with("<svg xmlns="));
  CHECK(svg.find("b.json: live heap") != std::string::npos);
  const Output again = run_memprof({"plot", a.path(), "-o", "heap.svg"});
  CHECK(again.status == 2);
  CHECK(again.err.find("heap.svg exists already") != std::string::npos);
  CHECK(run_memprof({"plot", a.path(), "-o", "heap.svg", "--force"}).status == 0);
}

TEST_CASE("Plot says what it cannot draw") {
  ProfileBuilder nothing;
  const ProfileFile a(rising(), "a.json"), empty(nothing.finished(), "empty.json");
  CHECK(run_memprof({"plot"}).status == 2);
  CHECK(run_memprof({"plot", a.path(), a.path()}).err.find("named twice") != std::string::npos);
  CHECK(run_memprof({"plot", a.path(), "-o", "heap.png"}).err.find("ends in .svg") != std::string::npos);
  CHECK(run_memprof({"plot", empty.path()}).err.find("has no timeline") != std::string::npos);
}
