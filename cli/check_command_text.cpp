#include "cli/check_command_text.hpp"

#include <algorithm>

#include "cli/printable.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kMostFrames = 12;
constexpr std::size_t kMostSites = 20;

std::string site_text(const report::GateSite& site) {
  std::string text = "\n" + site.fingerprint + "  " + printable(site.message) + "\n";
  std::size_t shown = 0;
  for (const report::GateFrame& frame : site.stack) {
    if (!frame.own) continue;
    if (++shown > kMostFrames) {
      text += "    ...\n";
      break;
    }
    const std::string place =
        frame.line == 0 ? "(in " + frame.module + ")" : display_path(frame.file) + ":" + std::to_string(frame.line);
    text += "    " + printable(frame.function) + "  " + printable(place) + "\n";
  }
  return text;
}

std::string suppressions_text(const report::Verdict& verdict) {
  std::string used, unused;
  for (const report::SuppressionUse& use : verdict.suppressions) {
    const std::string name = "  " + printable(use.name) + " (" + printable(use.origin) + ")";
    if (use.sites > 0) used += name + ": " + format_size(use.bytes) + " in " + format_count(use.blocks) + " blocks\n";
    if (use.sites == 0 && !use.built_in) unused += name + "\n";
  }
  std::string text;
  if (!used.empty()) text += "\nUsed suppressions:\n" + used;
  if (!unused.empty()) text += "\nUnused suppressions:\n" + unused;
  return text;
}

}  // namespace

std::string verdict_text(const report::Verdict& verdict) {
  std::string text = printable(verdict.headline) + "\n";
  for (const report::RuleResult& rule : verdict.rules) {
    text += std::string(rule.passed ? "  kept    " : "  broken  ") + printable(rule.message) + "  [" + rule.id + ", " +
            printable(rule.origin) + "]\n";
  }
  for (const std::string& reason : verdict.incomplete_reasons) text += "incomplete: " + printable(reason) + "\n";
  if (!verdict.program_failure.empty()) text += "program: " + printable(verdict.program_failure) + "\n";
  for (const std::string& note : verdict.notes) text += "note: " + printable(note) + "\n";
  std::size_t shown = 0;
  for (const report::GateSite& site : verdict.sites) {
    if (site.failing() && ++shown <= kMostSites) text += site_text(site);
  }
  if (shown > kMostSites) text += "\n... and " + format_count(shown - kMostSites) + " more sites\n";
  return text + suppressions_text(verdict);
}

}  // namespace memprof::cli
