#include "cli/check_command_formats.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/catch.hpp"

namespace memprof::cli {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using Values = std::vector<std::string>;

/// Of this test alone, and gone with it.
class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "check_command_formats.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

report::Verdict verdict() {
  report::Verdict verdict;
  verdict.headline = "pass: 0 rules kept";
  return verdict;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("people get their text unless another format goes to standard output") {
  const auto none = parse_verdict_outputs({}, false);
  REQUIRE(none);
  REQUIRE(none->size() == 1);
  CHECK(none->front().format == report::Format::kText);

  const auto file = parse_verdict_outputs({"junit=a=b.xml"}, false);
  REQUIRE(file);
  REQUIRE(file->size() == 2);
  CHECK(file->at(0).format == report::Format::kText);
  CHECK(file->at(1).format == report::Format::kJunit);
  CHECK(file->at(1).file == "a=b.xml");

  const auto shown = parse_verdict_outputs({"json", "sarif=x.sarif"}, false);
  REQUIRE(shown);
  REQUIRE(shown->size() == 2);
  CHECK(shown->at(0).format == report::Format::kJson);
}

TEST_CASE("formats that cannot be are a sentence and a hint") {
  const auto what = [](const Values& values, bool suppressions = false) {
    const auto outputs = parse_verdict_outputs(values, suppressions);
    REQUIRE_FALSE(outputs);
    CHECK(outputs.error().code == ExitCode::kUsage);
    CHECK_FALSE(outputs.error().hint.empty());
    return outputs.error().what;
  };
  CHECK(what({"xml"}) == "option --format: there is no format 'xml'");
  CHECK(what({"=x"}) == "option --format: there is no format ''");
  CHECK(what({"junit="}) == "option --format: 'junit=' names no file");
  CHECK(what({"json", "sarif"}) == "option --format: two formats would be mixed on standard output");
  CHECK(what({"json=a", "sarif=a"}) == "option --format: 'a' is named twice");
  CHECK(what({"json"}, true) == "--format json and --gen-suppressions would be mixed on standard output");
  CHECK(parse_verdict_outputs({"text", "json=a"}, true));
}

TEST_CASE("each verdict goes where it is to go") {
  const Directory directory;
  const auto outputs = parse_verdict_outputs({"json=" + directory.file("a.json"), "github"}, false);
  REQUIRE(outputs);
  std::ostringstream out;
  REQUIRE(write_verdicts(*outputs, verdict(), out));
  CHECK(out.str() == "pass: 0 rules kept\n");
  CHECK_THAT(text_of(directory.file("a.json")), Contains("\"outcome\": \"pass\""));
}

TEST_CASE("a verdict that cannot be written is an error") {
  const Directory directory;
  const auto outputs = parse_verdict_outputs({"json=" + directory.file("missing/a.json")}, false);
  REQUIRE(outputs);
  std::ostringstream out;
  const auto written = write_verdicts(*outputs, verdict(), out);
  REQUIRE_FALSE(written);
  CHECK_THAT(written.error().what, Contains("missing/a.json"));
}

TEST_CASE("verdicts of an earlier run are removed, and nothing else") {
  const Directory directory;
  std::ofstream(directory.file("old.xml")) << "pass";
  fs::create_directory(directory.file("folder"));
  const auto outputs = parse_verdict_outputs(
      {"junit=" + directory.file("old.xml"), "json=" + directory.file("none"), "sarif=" + directory.file("folder")},
      false);
  REQUIRE(outputs);
  REQUIRE(remove_old_verdicts(*outputs));
  CHECK_FALSE(fs::exists(directory.file("old.xml")));
  CHECK(fs::exists(directory.file("folder")));
}

}  // namespace memprof::cli
