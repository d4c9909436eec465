#include "report/format_findings.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "report/clean_text.hpp"
#include "report/units.hpp"

namespace memprof::report {
namespace {

namespace fs = std::filesystem;

/// A rule of a configuration file ("memprof.toml:12") is at that line; one of the command line is nowhere.
std::optional<FindingPlace> place_of_origin(const std::string& origin, const FormatContext& context) {
  const std::size_t colon = origin.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  std::uint32_t line = 0;
  const char* const end = origin.data() + origin.size();
  const auto [after, error] = std::from_chars(origin.data() + colon + 1, end, line);
  if (error != std::errc{} || after != end || line == 0) return std::nullopt;
  const std::string file = origin.substr(0, colon);
  const std::string path = repository_path(file, context);
  return FindingPlace{path.empty() ? file : path, line, !path.empty(), {}};
}

Finding finding_of_rule(const Verdict& verdict, std::size_t index, const FormatContext& context) {
  const RuleResult& rule = verdict.rules[index];
  Finding finding{rule.id, rule.title, clean_line(rule.message), index, nullptr, place_of_origin(rule.origin, context)};
  if (!finding.place && !rule.sites.empty()) finding.place = place_of(verdict.sites[rule.sites.front()], context);
  return finding;
}

}  // namespace

std::vector<Finding> findings_of(const Verdict& verdict, const FormatContext& context) {
  std::vector<Finding> findings;
  if (verdict.outcome == Outcome::kProgramFailed) {
    findings.push_back({kProgramFailed, "the program failed", clean_line(verdict.program_failure), {}, nullptr, {}});
  }
  if (verdict.outcome == Outcome::kIncomplete) {
    std::string reasons;
    for (const std::string& reason : verdict.incomplete_reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    if (reasons.empty()) reasons = "the profile does not say why it is not complete";
    findings.push_back({kIncompleteProfile, "the profile is not complete", clean_line(reasons), {}, nullptr, {}});
  }
  std::set<std::size_t> listed;
  for (std::size_t index = 0; index < verdict.rules.size(); ++index) {
    const RuleResult& rule = verdict.rules[index];
    if (rule.passed) continue;
    bool any = false;
    for (const std::size_t number : rule.sites) {
      if (!listed.insert(number).second) continue;
      const GateSite& site = verdict.sites[number];
      findings.push_back({rule.id, rule.title, clean_line(site.message), index, &site, place_of(site, context)});
      any = true;
    }
    if (!any) findings.push_back(finding_of_rule(verdict, index, context));
  }
  return findings;
}

std::string repository_path(const std::string& file, const FormatContext& context) {
  if (file.empty()) return {};
  const fs::path path = fs::path(file).lexically_normal();
  const fs::path root = fs::path(context.repository).lexically_normal();
  if (path.is_absolute() && !root.empty()) {
    const fs::path below = path.lexically_relative(root);
    if (!below.empty() && *below.begin() != ".." && below != ".") return below.string();
  }
  // A relative path is one from the directory of the build, which usually is in the repository.
  std::vector<fs::path> parts;
  for (const fs::path& part : path.relative_path()) {
    if (part != "..") parts.push_back(part);
  }
  if (!context.has_file) return {};
  const std::size_t fewest = path.is_absolute() ? 2 : 1;  // a name alone says too little: there are many main.cpp
  for (std::size_t first = 0; first + fewest <= parts.size(); ++first) {
    fs::path end;
    for (std::size_t i = first; i < parts.size(); ++i) end /= parts[i];
    if (context.has_file(end.string())) return end.string();
  }
  return {};
}

FindingPlace place_of(const GateFrame& frame, const FormatContext& context) {
  const std::string path = repository_path(frame.file, context);
  return {path.empty() ? frame.file : path, frame.line, !path.empty(), frame.function};
}

std::optional<FindingPlace> place_of(const GateSite& site, const FormatContext& context) {
  if (!site.location) return std::nullopt;
  for (std::size_t i = *site.location; i < site.stack.size(); ++i) {
    if (site.stack[i].file.empty() || site.stack[i].line == 0) continue;
    const FindingPlace place = place_of(site.stack[i], context);
    if (place.in_repository) return place;
  }
  return place_of(site.stack[*site.location], context);
}

std::string place_text(const GateFrame& frame, const FormatContext& context) {
  if (frame.file.empty()) return frame.module.empty() ? "an unknown place" : frame.module;
  const std::string path = place_of(frame, context).path;
  return frame.line == 0 ? path : path + ":" + std::to_string(frame.line);
}

std::string stack_text(const GateSite& site, const FormatContext& context) {
  const bool any_own = std::any_of(site.stack.begin(), site.stack.end(), [](const GateFrame& f) { return f.own; });
  std::string text;
  for (const GateFrame& frame : site.stack) {
    if (any_own && !frame.own) continue;
    if (!text.empty()) text += '\n';
    text += clean_line("in " + frame.function + " at " + place_text(frame, context));
  }
  if (!site.stack.empty()) return text;
  for (const std::string& function : site.path) text += (text.empty() ? "in " : "\nin ") + clean_line(function);
  return text;
}

std::string function_of(const GateSite& site) {
  if (!site.path.empty()) return site.path.front();
  return site.stack.empty() ? "an unknown function" : site.stack.front().function;
}

std::string amount_text(Unit unit, std::uint64_t value) {
  return unit == Unit::kBytes ? format_size(value) : format_count(value);
}

}  // namespace memprof::report
