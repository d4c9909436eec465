#include "report/format.hpp"

#include <algorithm>
#include <sstream>

#include "report/clean_text.hpp"
#include "report/format_findings.hpp"
#include "tests/approved/approval.hpp"
#include "tests/catch.hpp"
#include "tests/unit/report/formats/sample_verdicts.hpp"

namespace memprof::tests {

TEST_CASE("every format is as approved") {
  for (const auto& [name, verdict] : sample_verdicts()) {
    if (name != "fail" && name != "compared") continue;
    for (const char* format : {"json", "junit", "sarif", "github", "gitlab", "markdown"}) {
      check_approved("formats/" + name + "." + format, write_verdict(*parse_format(format), verdict, sample_context()));
    }
  }
}

TEST_CASE("formats are known by their names") {
  CHECK(parse_format("sarif") == Format::kSarif);
  CHECK_FALSE(parse_format("SARIF"));
  CHECK_FALSE(parse_format(""));
  CHECK(format_names() == "text, json, junit, sarif, github, gitlab, markdown");
}

TEST_CASE("a pass has no findings, and whatever is no pass has some") {
  CHECK(findings_of(passing_verdict(), sample_context()).empty());
  for (const auto& [name, verdict] : sample_verdicts()) {
    INFO(name);
    CHECK(findings_of(verdict, sample_context()).empty() == (verdict.outcome == Outcome::kPass));
  }
}

TEST_CASE("a failing site is found once, and a rule that blames none by itself") {
  const Verdict verdict = failing_verdict();
  const std::vector<Finding> findings = findings_of(verdict, sample_context());
  REQUIRE(findings.size() == 5);
  CHECK(findings[0].site == &verdict.sites[0]);
  CHECK(findings[2].site == &verdict.sites[2]);
  CHECK_FALSE(findings[2].place);
  CHECK(findings[3].rule == "max-unfreed-blocks");
  CHECK(findings[3].site == nullptr);
  CHECK(findings[4].rule == "budget.max-peak");
  REQUIRE(findings[4].place);
  CHECK(findings[4].place->path == "memprof.toml");
  CHECK(findings[4].place->line == 12);
}

TEST_CASE("a finding is shown at the innermost line that is in the repository") {
  const Verdict verdict = failing_verdict();
  const auto place = place_of(verdict.sites[0], sample_context());
  REQUIRE(place);
  CHECK(place->path == "src/50% a,b:c.cpp");
  CHECK(place->line == 12);
  CHECK(place->in_repository);
}

TEST_CASE("paths are relative to the repository, wherever the program was compiled") {
  const FormatContext context = sample_context();
  CHECK(repository_path("/home/ana/my project/src/a.cpp", context) == "src/a.cpp");
  CHECK(repository_path("/home/ana/my project/build/../src/a.cpp", context) == "src/a.cpp");
  CHECK(repository_path("/builds/7/src/cache.cpp", context) == "src/cache.cpp");
  CHECK(repository_path("../src/cache.cpp", context) == "src/cache.cpp");
  CHECK(repository_path("src/cache.cpp", context) == "src/cache.cpp");
  CHECK(repository_path("/home/ana/my project two/src/a.cpp", context).empty());
  CHECK(repository_path("/home/ana/my project", context).empty());
  CHECK(repository_path("/etc/memprof.toml", context).empty());
  CHECK(repository_path("/usr/include/c++/12/map", context).empty());
  CHECK(repository_path("src/other.cpp", context).empty());
  CHECK(repository_path("", context).empty());
}

TEST_CASE("GitHub gets at most 10 annotations, and the others as lines that are no commands") {
  const auto count = [](const std::string& text, const std::string& start) {
    std::istringstream lines(text);
    std::size_t found = 0;
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(start)) ++found;
    return found;
  };
  const std::string ten = format_github(compared_verdict(10), sample_context());
  CHECK(count(ten, "::error ") == 10);
  CHECK(count(ten, "::group::") == 0);
  const std::string many = format_github(compared_verdict(14), sample_context());
  CHECK(count(many, "::error ") == 10);
  CHECK(count(many, "::group::4 more that failed") == 1);
  CHECK(count(many, "- no-new-sites: ") == 4);
  CHECK(count(many, "::endgroup::") == 1);
}

TEST_CASE("text of programs is made clean") {
  CHECK(clean_text("a\x01z\xFFä\n") == "a\xEF\xBF\xBDz\xEF\xBF\xBDä\n");
  CHECK(clean_text("\xEF\xBF\xBF") == "\xEF\xBF\xBD");
  CHECK(clean_line("a\r\n\tb") == "a\xEF\xBF\xBD  b");
}

}  // namespace memprof::tests
