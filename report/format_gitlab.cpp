// GitLab's code quality report: an array of findings with description, check_name, fingerprint, severity and
// location (path, lines.begin). GitLab drops a finding without a location, and of two with the same fingerprint one.

#include <map>

#include "report/format.hpp"
#include "report/format_findings.hpp"
#include "report/format_json_text.hpp"

namespace memprof::report {
namespace {

/// Where the job is described, and with it the rules of the command line: for what no line of source is to blame.
constexpr char kPipelineFile[] = ".gitlab-ci.yml";

const char* severity_of(const Finding& finding) { return finding.index ? "major" : "blocker"; }

}  // namespace

std::string format_gitlab(const Verdict& verdict, const FormatContext& context) {
  Json report = Json::array();
  std::map<std::string, int> seen;
  for (const Finding& finding : findings_of(verdict, context)) {
    // A finding keeps its fingerprint from run to run: GitLab tells by it what is new in a merge request.
    std::string fingerprint = "memprof-" + finding.rule;
    const std::string pattern = finding.index ? verdict.rules[*finding.index].pattern : "";
    if (!pattern.empty()) fingerprint += "-" + pattern;
    if (finding.site) fingerprint += "-" + finding.site->fingerprint;
    const int times = ++seen[fingerprint];
    if (times > 1) fingerprint += "-" + std::to_string(times);
    const bool shown = finding.place && finding.place->in_repository;
    report.push_back({{"description", finding.message},
                      {"check_name", "memprof." + finding.rule},
                      {"fingerprint", fingerprint},
                      {"severity", severity_of(finding)},
                      {"location",
                       {{"path", shown ? finding.place->path : kPipelineFile},
                        {"lines", {{"begin", shown && finding.place->line > 0 ? finding.place->line : 1U}}}}}});
  }
  return json_text(report);
}

}  // namespace memprof::report
