#pragma once
// A verdict in the languages of CI systems. Pure functions of the verdict and of what is known about the repository;
// the result ends with an end of line. Whatever bytes names hold, the text is UTF-8 and well-formed.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "report/gate.hpp"

namespace memprof::report {

enum class Format {
  kText,  ///< for people; the command writes it, since it knows the terminal
  kJson,
  kJunit,
  kSarif,
  kGithub,
  kGitlab,
  kMarkdown,
};

/// "text, json, junit, …"
std::string format_names();
std::optional<Format> parse_format(std::string_view name);

struct FormatContext {
  std::string repository;  ///< absolute path of its root; CI systems want paths relative to it
  /// Whether the repository has this file, named relative to its root. Finds sources again that were compiled in
  /// another directory. May be empty: then only paths below the root are relative.
  std::function<bool(const std::string&)> has_file;
  std::string tool_version;
};

/// A JSON object with all that the verdict holds (docs/json-reports.md).
std::string format_json(const Verdict& verdict, const FormatContext& context);

/// JUnit XML: a test case for each rule, and one for each call stack that fails.
std::string format_junit(const Verdict& verdict, const FormatContext& context);

/// SARIF 2.1.0: a result for each call stack that fails, and for each broken rule that blames none.
std::string format_sarif(const Verdict& verdict, const FormatContext& context);

/// Workflow commands of GitHub Actions: at most 10 annotations, which is all that GitHub shows of a step, and what is
/// left as plain lines.
std::string format_github(const Verdict& verdict, const FormatContext& context);

/// GitLab's code quality report.
std::string format_gitlab(const Verdict& verdict, const FormatContext& context);

/// GitHub-flavoured Markdown for a job summary or a comment.
std::string format_markdown(const Verdict& verdict, const FormatContext& context);

/// Any format but kText.
std::string write_verdict(Format format, const Verdict& verdict, const FormatContext& context);

}  // namespace memprof::report
