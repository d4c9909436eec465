// `memprof export`: what it says and where it writes. What is in the files is tested in tests/unit/report/exports.

#include <algorithm>
#include <fstream>

#include "tests/approved/approval.hpp"
#include "tests/unit/cli/cli_runner.hpp"
#include "tests/unit/cli/sample_programs.hpp"

using namespace memprof::tests;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr memprof::cli::Terminal kTerminal{.interactive = true, .colour = false, .width = 80};

Output export_heavy(std::vector<std::string> options, memprof::cli::Terminal terminal = {}) {
  const ProfileFile file(heavy_profile());
  options.insert(options.begin(), {"export", file.path()});
  return run_memprof(options, terminal);
}

std::string refusal(const std::vector<std::string>& options, memprof::cli::Terminal terminal = {}) {
  const Output output = export_heavy(options, terminal);
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  return output.err;
}

}  // namespace

TEST_CASE("export writes every format to standard output") {
  const std::vector<std::pair<std::string, std::string>> formats = {
      {"pprof", "\x1f\x8b"}, {"folded", "main"},  {"speedscope", "{\"$schema\":"},
      {"massif", "desc: "},  {"dhat", "{\"dhat"}, {"csv", "function,file,line,"}};
  for (const auto& [format, beginning] : formats) {
    const Output output = export_heavy({"--format", format});
    INFO(format);
    CHECK(output.status == 0);
    CHECK(output.err.empty());
    CHECK_THAT(output.out, StartsWith(beginning));
  }
}

TEST_CASE("export's metric chooses the figures") {
  const std::string peak = export_heavy({"--format", "folded"}).out;
  CHECK(peak == export_heavy({"--format", "folded", "--metric", "peak"}).out);
  CHECK(peak != export_heavy({"--format", "folded", "--metric", "freed"}).out);
  const auto profiles = [](const Output& output) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = output.out.find("\"type\":\"sampled\"", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(profiles(export_heavy({"--format", "speedscope"})) == 3);
  CHECK(profiles(export_heavy({"--format", "speedscope", "--metric", "freed"})) == 1);
  CHECK(export_heavy({"--format", "pprof"}).out != export_heavy({"--format", "pprof", "--metric", "peak"}).out);
}

TEST_CASE("export -o writes a file and keeps one that is there") {
  const WorkingDirectory directory;
  CHECK(export_heavy({"--format", "csv", "-o", "a.csv"}).status == 0);
  CHECK(file_text("a.csv") == export_heavy({"--format", "csv"}).out);
  CHECK_THAT(refusal({"--format", "dhat", "-o", "a.csv"}),
             Contains("a.csv exists already") && Contains("--force replaces it"));
  CHECK_THAT(file_text("a.csv"), StartsWith("function,"));
  CHECK(export_heavy({"--format", "dhat", "-o", "a.csv", "--force"}).status == 0);
  CHECK_THAT(file_text("a.csv"), StartsWith("{\"dhat"));
  CHECK(export_heavy({"--format", "pprof", "-o", "a.pb.gz"}, kTerminal).status == 0);
}

TEST_CASE("export refuses what makes no sense, in a sentence") {
  CHECK_THAT(refusal({}), Contains("no format is given") && Contains("speedscope"));
  CHECK_THAT(refusal({"--format", "pprof"}, kTerminal), Contains("binary") && Contains("-o heap.pb.gz"));
  for (const char* format : {"massif", "dhat", "csv"}) {
    CHECK_THAT(refusal({"--format", format, "--metric", "peak"}), Contains("--metric has no meaning here"));
  }
  for (const char* metric : {"allocated", "temporary", "freed"}) {
    CHECK_THAT(refusal({"--format", "pprof", "--metric", metric}), Contains("pprof has what was allocated"));
  }
  CHECK_THAT(refusal({"--format", "heaptrack"}), Contains("heaptrack"));
  CHECK_THAT(refusal({"--format", "csv", "-o", "/nowhere/a.csv"}), Contains("/nowhere/a.csv cannot be written"));
  CHECK_THAT(refusal({"--format", "csv", "-o", "/dev/full"}), Contains("No space left on device"));
  CHECK_THAT(run_memprof({"export", "/nowhere/a.json", "--format", "csv"}).err, Contains("No such file"));
}

TEST_CASE("export says that the capture is incomplete") {
  memprof::Profile profile = heavy_profile();
  profile.capture.complete = false;
  const ProfileFile file(profile);
  const Output output = run_memprof({"export", file.path(), "--format", "folded"});
  CHECK(output.status == 0);
  CHECK_THAT(output.err, StartsWith("memprof: Capture partial: "));
}
