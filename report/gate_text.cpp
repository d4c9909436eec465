#include "report/gate_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "report/gate_judge.hpp"
#include "report/units.hpp"

namespace memprof::report {
namespace {

std::string amount(Unit unit, std::uint64_t value, bool exact) {
  if (unit == Unit::kCount) return format_count(value);
  return exact ? format_count(value) + " B" : format_size(value);
}

std::string plural(std::size_t count, const std::string& word) {
  return format_count(count) + " " + word + (count == 1 ? "" : "s");
}

/// The innermost function of the user's code.
const std::string& where(const GateSite& site) {
  const auto own = std::find_if(site.stack.begin(), site.stack.end(), [](const GateFrame& frame) { return frame.own; });
  return own == site.stack.end() ? site.path.front() : own->function;
}

std::string growth_text(const TickGrowth& growth) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "grows by %.3g blocks (%.4g B) a tick over %llu ticks",
                growth.blocks_per_tick, growth.bytes_per_tick, static_cast<unsigned long long>(growth.ticks));
  return text.data();
}

/// What is unfreed but blamed by nobody, for the headline of a pass.
std::string remainder_text(const Verdict& verdict) {
  std::uint64_t bytes = 0, blocks = 0, suppressed = 0;
  for (const GateSite& site : verdict.sites) {
    if (site.suppression) {
      suppressed += site.now.blocks;
    } else {
      bytes += site.now.bytes;
      blocks += site.now.blocks;
    }
  }
  std::string text = blocks == 0 ? "nothing unfreed" : unfreed_text(bytes, blocks) + " unfreed";
  if (suppressed > 0) text += " (" + plural(suppressed, "block") + " suppressed)";
  return text;
}

}  // namespace

const char* status_word(SiteStatus status) {
  switch (status) {
    case SiteStatus::kUnlisted:
      return "";
    case SiteStatus::kNew:
      return "new";
    case SiteStatus::kGrown:
      return "grown";
    case SiteStatus::kShrunk:
      return "shrunk";
    case SiteStatus::kFixed:
      return "fixed";
    case SiteStatus::kKnown:
      return "known";
  }
  return "";
}

std::string unfreed_text(std::uint64_t bytes, std::uint64_t blocks) {
  return format_size(bytes) + " in " + plural(blocks, "block");
}

std::string limit_text(const RuleResult& rule) {
  const bool exact =
      rule.measured != rule.limit && amount(rule.unit, rule.measured, false) == amount(rule.unit, rule.limit, false);
  return rule.title + ": " + amount(rule.unit, rule.measured, exact) +
         (rule.limit == 0 ? ", none allowed" : ", at most " + amount(rule.unit, rule.limit, exact) + " allowed");
}

std::string site_text(const GateSite& site) {
  std::string text = status_word(site.status);
  if (!text.empty()) text += ": ";
  if (site.status == SiteStatus::kFixed) {
    return text + unfreed_text(site.before->bytes, site.before->blocks) + " unfreed before, in " + site.path.front();
  }
  text += unfreed_text(site.now.bytes, site.now.blocks) + " unfreed";
  if (site.now.blocks == 0) {
    text = plural(site.now.allocations, "allocation") + ", " + format_size(site.now.peak_bytes) + " at the peak";
  }
  text += ", allocated by " + site.hook + " in " + where(site);
  if (site.before) text += "; before " + unfreed_text(site.before->bytes, site.before->blocks);
  if (site.growth) text += "; " + growth_text(*site.growth);
  return text;
}

std::string headline_text(const Verdict& verdict) {
  const auto broken =
      std::count_if(verdict.rules.begin(), verdict.rules.end(), [](const auto& r) { return !r.passed; });
  const auto first = std::find_if(verdict.rules.begin(), verdict.rules.end(), [](const auto& r) { return !r.passed; });
  switch (verdict.outcome) {
    case Outcome::kPass:
      return "pass: " + plural(verdict.rules.size(), "rule") + " kept, " + remainder_text(verdict);
    case Outcome::kRuleFailed: {
      std::string text = "fail: " + first->message;
      if (broken > 1) text += " (and " + plural(static_cast<std::size_t>(broken) - 1, "more broken rule") + ")";
      return text;
    }
    case Outcome::kIncomplete:
      return "fail: the profile is not complete: " + (verdict.incomplete_reasons.empty()
                                                          ? std::string("it does not say why")
                                                          : verdict.incomplete_reasons.front());
    case Outcome::kProgramFailed:
      return "fail: " + verdict.program_failure;
  }
  return {};
}

}  // namespace memprof::report
