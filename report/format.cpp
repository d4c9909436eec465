#include "report/format.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace memprof::report {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats{{{"text", Format::kText},
                                                                       {"json", Format::kJson},
                                                                       {"junit", Format::kJunit},
                                                                       {"sarif", Format::kSarif},
                                                                       {"github", Format::kGithub},
                                                                       {"gitlab", Format::kGitlab},
                                                                       {"markdown", Format::kMarkdown}}};

}  // namespace

std::string format_names() {
  std::string names;
  for (const auto& [name, format] : kFormats) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

std::optional<Format> parse_format(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string write_verdict(Format format, const Verdict& verdict, const FormatContext& context) {
  switch (format) {
    case Format::kText:
      break;
    case Format::kJson:
      return format_json(verdict, context);
    case Format::kJunit:
      return format_junit(verdict, context);
    case Format::kSarif:
      return format_sarif(verdict, context);
    case Format::kGithub:
      return format_github(verdict, context);
    case Format::kGitlab:
      return format_gitlab(verdict, context);
    case Format::kMarkdown:
      return format_markdown(verdict, context);
  }
  throw std::logic_error("write_verdict: the text for people is the command's");
}

}  // namespace memprof::report
