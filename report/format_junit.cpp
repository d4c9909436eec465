// JUnit XML as Jenkins, GitLab and most others read it: <testsuites>, <testsuite>, <testcase> with <failure> or
// <error>.

#include "report/clean_text.hpp"
#include "report/format.hpp"
#include "report/format_findings.hpp"

namespace memprof::report {
namespace {

std::string escaped(const std::string& bytes) {
  std::string result;
  for (const char character : clean_text(bytes)) {
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\n':
        result += "&#10;";  // a plain one in an attribute is read back as a space
        break;
      case '\t':
        result += "&#9;";
        break;
      default:
        result += character;
    }
  }
  return result;
}

std::string attribute(const std::string& name, const std::string& value) {
  return " " + name + "=\"" + escaped(value) + "\"";
}

class Suite {
 public:
  explicit Suite(std::string name) : name_(std::move(name)) {}

  void add_passed(const std::string& name) { add(name, {}, {}); }

  /// `element`: "failure" for a broken rule, "error" for what kept rules from being judged.
  void add_failed(const std::string& name, const std::optional<FindingPlace>& place, const std::string& element,
                  const std::string& type, const std::string& message, const std::string& details) {
    std::string position;
    if (place && place->in_repository) {
      position = attribute("file", place->path);
      if (place->line > 0) position += attribute("line", std::to_string(place->line));
    }
    add(name, position,
        "      <" + element + attribute("type", type) + attribute("message", message) + ">" + escaped(details) + "</" +
            element + ">\n");
    ++(element == "error" ? errors_ : failures_);
  }

  std::size_t tests() const { return tests_; }
  std::size_t failures() const { return failures_; }
  std::size_t errors() const { return errors_; }

  std::string text() const {
    return "  <testsuite" + attribute("name", name_) + counts(tests_, failures_, errors_) + ">\n" + cases_ +
           "  </testsuite>\n";
  }

  static std::string counts(std::size_t tests, std::size_t failures, std::size_t errors) {
    return attribute("tests", std::to_string(tests)) + attribute("failures", std::to_string(failures)) +
           attribute("errors", std::to_string(errors));
  }

 private:
  void add(const std::string& name, const std::string& position, const std::string& outcome) {
    ++tests_;
    cases_ += "    <testcase" + attribute("classname", name_) + attribute("name", name) + position;
    cases_ += outcome.empty() ? "/>\n" : ">\n" + outcome + "    </testcase>\n";
  }

  std::string name_, cases_;
  std::size_t tests_ = 0, failures_ = 0, errors_ = 0;
};

/// What has to hold before rules mean anything.
Suite run_suite(const Verdict& verdict) {
  Suite suite("memprof.run");
  const auto add = [&](const char* name, bool failed, const char* type, const std::string& message) {
    if (failed) {
      suite.add_failed(name, std::nullopt, "error", type, message, message);
    } else {
      suite.add_passed(name);
    }
  };
  std::string reasons;
  for (const std::string& reason : verdict.incomplete_reasons) reasons += reason + "\n";
  add("the program succeeds", verdict.outcome == Outcome::kProgramFailed, kProgramFailed, verdict.program_failure);
  add("the profile is complete", verdict.outcome == Outcome::kIncomplete, kIncompleteProfile, reasons);
  return suite;
}

Suite rules_suite(const Verdict& verdict, const FormatContext& context) {
  Suite suite("memprof.rules");
  for (const RuleResult& rule : verdict.rules) {
    const std::string name = rule.pattern.empty() ? rule.id : rule.id + " " + rule.pattern;
    if (rule.passed) {
      suite.add_passed(name);
      continue;
    }
    std::string details = rule.message + "\nrule from: " + rule.origin + "\n";
    for (const std::size_t site : rule.sites) details += clean_line(verdict.sites[site].message) + "\n";
    const auto place = rule.sites.empty() ? std::nullopt : place_of(verdict.sites[rule.sites.front()], context);
    suite.add_failed(name, place, "failure", rule.id, rule.message, details);
  }
  return suite;
}

/// Named by function and fingerprint, so that a server sees from build to build which one it is.
Suite sites_suite(const Verdict& verdict, const FormatContext& context) {
  Suite suite("memprof.sites");
  for (const GateSite& site : verdict.sites) {
    if (!site.failing()) continue;
    const std::string message = clean_line(site.message);
    suite.add_failed(clean_line(function_of(site)) + " [" + site.fingerprint + "]", place_of(site, context), "failure",
                     verdict.rules[site.rules.front()].id, message, message + "\n" + stack_text(site, context) + "\n");
  }
  return suite;
}

}  // namespace

std::string format_junit(const Verdict& verdict, const FormatContext& context) {
  std::size_t tests = 0, failures = 0, errors = 0;
  std::string suites;
  for (const Suite& suite : {run_suite(verdict), rules_suite(verdict, context), sites_suite(verdict, context)}) {
    if (suite.tests() == 0) continue;
    tests += suite.tests();
    failures += suite.failures();
    errors += suite.errors();
    suites += suite.text();
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"memprof check\"" +
         Suite::counts(tests, failures, errors) + ">\n" + suites + "</testsuites>\n";
}

}  // namespace memprof::report
