// Workflow commands, "::error file=…,line=…,title=…::MESSAGE", which GitHub Actions reads from the log of a step.

#include "report/clean_text.hpp"
#include "report/format.hpp"
#include "report/format_findings.hpp"
#include "report/units.hpp"

namespace memprof::report {
namespace {

/// GitHub shows at most 10 annotations of each kind of a step, and drops the others without a word.
constexpr std::size_t kMostAnnotations = 10;
/// The log holds them all, but a line of each is enough.
constexpr std::size_t kMostListed = 500;

std::string replaced(const std::string& text, const std::string& characters) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string result;
  for (const char character : text) {
    if (characters.find(character) == std::string::npos) {
      result += character;
    } else {
      const auto byte = static_cast<unsigned char>(character);
      result += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return result;
}

std::string message_text(const std::string& text) { return replaced(clean_text(text), "%\r\n"); }
std::string property_text(const std::string& text) { return replaced(clean_text(text), "%\r\n:,"); }

/// A plain line of the log: no command, neither at its start ("::error::") nor in it ("##[error]", the older form).
std::string log_line(const std::string& text) {
  std::string line = clean_line(text);
  for (std::size_t at = 0; (at = line.find("##[", at)) != std::string::npos;) line.insert(at + 2, 1, ' ');
  return line + "\n";
}

std::string annotation(const Finding& finding, const Verdict& verdict, const FormatContext& context) {
  std::string properties;
  if (finding.place && finding.place->in_repository) {
    properties = "file=" + property_text(finding.place->path);
    if (finding.place->line > 0) properties += ",line=" + std::to_string(finding.place->line);
    properties += ",";
  }
  std::string message = finding.message;
  if (finding.site) {
    message += "\n" + verdict.rules[*finding.index].message + "\n" + stack_text(*finding.site, context);
  }
  return "::error " + properties + "title=" + property_text("memprof: " + finding.title) +
         "::" + message_text(message) + "\n";
}

}  // namespace

std::string format_github(const Verdict& verdict, const FormatContext& context) {
  const std::vector<Finding> findings = findings_of(verdict, context);
  std::string text = log_line(verdict.headline);
  const std::size_t shown = std::min(findings.size(), kMostAnnotations);
  for (std::size_t i = 0; i < shown; ++i) text += annotation(findings[i], verdict, context);
  const std::size_t rest = findings.size() - shown;
  if (rest > 0) {
    text += "::group::" + format_count(rest) + " more that failed\n";
    for (std::size_t i = shown; i < std::min(findings.size(), shown + kMostListed); ++i) {
      const Finding& finding = findings[i];
      std::string place;
      if (finding.place) place = " at " + finding.place->path + ":" + std::to_string(finding.place->line);
      text += log_line("- " + finding.rule + ": " + finding.message + place);
    }
    if (rest > kMostListed) text += "- and " + format_count(rest - kMostListed) + " more\n";
    text += "::endgroup::\n";
  }
  for (const std::string& note : verdict.notes) text += log_line("note: " + note);
  return text;
}

}  // namespace memprof::report
