// GitHub-flavoured Markdown: the verdict, a table of the rules, a table of what failed or changed, stacks to unfold.

#include <algorithm>

#include "report/clean_text.hpp"
#include "report/format.hpp"
#include "report/format_findings.hpp"
#include "report/gate_text.hpp"
#include "report/units.hpp"

namespace memprof::report {
namespace {

/// A job summary may have 1 MiB, a comment 64 KiB, and nobody reads more.
constexpr std::size_t kMostSites = 50;
constexpr std::size_t kMostStacks = 20;

std::string html_text(const std::string& bytes) {
  std::string result;
  for (const char character : clean_text(bytes)) {
    if (character == '&') {
      result += "&amp;";
    } else if (character == '<') {
      result += "&lt;";
    } else if (character == '>') {
      result += "&gt;";
    } else {
      result += character;
    }
  }
  return result;
}

/// Text that stands for itself, also in a cell of a table: what would be markup gets a backslash, and what would become
/// a link without any markup a character reference.
std::string plain(const std::string& bytes) {
  std::string result;
  for (const char character : html_text(clean_line(bytes))) {
    if (std::string_view("\\`*_[]#|~!").find(character) != std::string_view::npos) result += '\\';
    if (character == '@') {
      result += "&#64;";
    } else if (character == '/' && result.ends_with(":")) {
      result.replace(result.size() - 1, 1, "&#58;/");
    } else if (character == '.' && result.ends_with("www")) {
      result += "&#46;";
    } else {
      result += character;
    }
  }
  return result;
}

/// Names: GitHub looks for people to notify everywhere but in code.
std::string code(const std::string& bytes) { return bytes.empty() ? bytes : "<code>" + plain(bytes) + "</code>"; }

/// A line of <pre>: a blank line would end the block of HTML that Markdown leaves alone, but there is none within it.
std::string preformatted(const std::string& text) { return "<pre>\n" + html_text(text) + "\n</pre>\n"; }

std::string rules_table(const Verdict& verdict) {
  if (verdict.rules.empty()) return {};
  std::string text = "\n| Rule | | Measured | Allowed | From |\n|---|---|--:|--:|---|\n";
  for (const RuleResult& rule : verdict.rules) {
    text += "| " + plain(rule.title) + " | " + (rule.passed ? "kept" : "**broken**") + " | " +
            amount_text(rule.unit, rule.measured) + " | " + amount_text(rule.unit, rule.limit) + " | " +
            plain(rule.origin) + " |\n";
  }
  return text;
}

bool changed(const GateSite& site) {
  return site.status == SiteStatus::kNew || site.status == SiteStatus::kGrown || site.status == SiteStatus::kShrunk ||
         site.status == SiteStatus::kFixed;
}

std::string blocks_text(const GateFigures& figures) {
  return format_size(figures.bytes) + " in " + format_count(figures.blocks);
}

std::string change_text(const GateSite& site) {
  const std::uint64_t before = site.before ? site.before->bytes : 0;
  return format_size_change(static_cast<std::int64_t>(site.now.bytes) - static_cast<std::int64_t>(before));
}

/// With a baseline what changed, without one what failed.
std::string sites_table(const Verdict& verdict, const FormatContext& context) {
  std::vector<const GateSite*> sites;
  for (const GateSite& site : verdict.sites) {
    if (!site.suppression && (site.failing() || changed(site))) sites.push_back(&site);
  }
  if (sites.empty()) return {};
  const bool compared = !verdict.baseline.empty();
  std::string text = compared
                         ? "\n| Call stack in | At | | Unfreed before | Now | Change |\n|---|---|---|--:|--:|--:|\n"
                         : "\n| Call stack in | At | | Unfreed |\n|---|---|---|--:|\n";
  const std::size_t shown = std::min(sites.size(), kMostSites);
  for (std::size_t i = 0; i < shown; ++i) {
    const GateSite& site = *sites[i];
    const auto place = place_of(site, context);
    const std::string status = status_word(site.status);
    text += "| " + code(place ? place->function : function_of(site)) + " | " +
            code(place ? place->path + ":" + std::to_string(place->line) : "") + " | " +
            (site.failing() ? "**" + (status.empty() ? "fails" : status) + "**" : status) + " | ";
    if (compared) text += (site.before ? blocks_text(*site.before) : "–") + " | ";
    text += (site.status == SiteStatus::kFixed ? "–" : blocks_text(site.now)) + " |";
    text += compared ? " " + change_text(site) + " |\n" : "\n";
  }
  if (sites.size() > shown) text += "\nand " + format_count(sites.size() - shown) + " more.\n";
  return text;
}

std::string stacks(const Verdict& verdict, const FormatContext& context) {
  std::string text;
  std::size_t shown = 0;
  for (const GateSite& site : verdict.sites) {
    if (!site.failing()) continue;
    if (++shown > kMostStacks) break;
    text += "\n<details><summary><code>" + html_text(clean_line(site.message)) + "</code></summary>\n" +
            preformatted(stack_text(site, context) + "\nfingerprint " + site.fingerprint) + "</details>\n";
  }
  return text;
}

std::string suppressed_text(const Verdict& verdict) {
  std::uint64_t bytes = 0, blocks = 0;
  for (const SuppressionUse& use : verdict.suppressions) {
    bytes += use.bytes;
    blocks += use.blocks;
  }
  if (blocks == 0) return {};
  return "\nSuppressed: " + unfreed_text(bytes, blocks) + ".\n";
}

std::string remarks(const Verdict& verdict) {
  std::string text;
  for (const std::string& reason : verdict.incomplete_reasons) text += "- incomplete: " + plain(reason) + "\n";
  if (!verdict.program_failure.empty()) text += "- program: " + plain(verdict.program_failure) + "\n";
  for (const std::string& note : verdict.notes) text += "- note: " + plain(note) + "\n";
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string format_markdown(const Verdict& verdict, const FormatContext& context) {
  return "### memprof check: " + plain(verdict.headline) + "\n" + rules_table(verdict) + sites_table(verdict, context) +
         stacks(verdict, context) + suppressed_text(verdict) + remarks(verdict);
}

}  // namespace memprof::report
