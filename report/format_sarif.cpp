// SARIF 2.1.0 (OASIS standard), the parts that code scanning services read.

#include <filesystem>

#include "report/clean_text.hpp"
#include "report/format.hpp"
#include "report/format_findings.hpp"
#include "report/format_json_text.hpp"

namespace memprof::report {
namespace {

constexpr char kSchema[] = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name that GitHub and others know for the root of the repository.
constexpr char kRootId[] = "%SRCROOT%";
/// The part after the slash is the version of how fingerprints are made (report/fingerprint.hpp).
constexpr char kFingerprintName[] = "memprofSite/v1";

/// A path as part of a URI (RFC 3986): all but unreserved characters and "/" is percent-encoded.
std::string uri_path(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri;
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (letter || (byte >= '0' && byte <= '9') || std::string_view("-._~/").find(character) != std::string::npos) {
      uri += character;
    } else {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return uri;
}

/// Null for a relative path of which nobody knows what it is relative to.
Json physical_location(const FindingPlace& place) {
  Json artifact;
  if (place.in_repository) {
    artifact = {{"uri", uri_path(place.path)}, {"uriBaseId", kRootId}};
  } else if (std::filesystem::path(place.path).is_absolute()) {
    artifact = {{"uri", "file://" + uri_path(place.path)}};
  } else {
    return {};
  }
  Json location{{"artifactLocation", artifact}};
  if (place.line > 0) location["region"] = {{"startLine", place.line}};
  return location;
}

Json logical_location(const std::string& function) {
  return Json::array({{{"fullyQualifiedName", clean_line(function)}, {"kind", "function"}}});
}

Json location_of(const Finding& finding) {
  Json location = Json::object();
  const Json physical = finding.place ? physical_location(*finding.place) : Json();
  if (!physical.is_null()) location["physicalLocation"] = physical;
  if (finding.place && !finding.place->function.empty()) {
    location["logicalLocations"] = logical_location(finding.place->function);
  } else if (finding.site) {
    location["logicalLocations"] = logical_location(function_of(*finding.site));
  }
  return location;
}

/// The call stack, innermost frame first.
Json related_locations(const GateSite& site, const FormatContext& context) {
  Json locations = Json::array();
  for (const GateFrame& frame : site.stack) {
    Json location{{"id", locations.size() + 1}};
    const Json physical = frame.file.empty() ? Json() : physical_location(place_of(frame, context));
    if (!physical.is_null()) location["physicalLocation"] = physical;
    location["logicalLocations"] = logical_location(frame.function);
    location["message"] = {{"text", clean_line((locations.empty() ? "in " : "called from ") + frame.function)}};
    locations.push_back(std::move(location));
  }
  return locations;
}

Json result_of(const Finding& finding, std::size_t rule_index, const FormatContext& context) {
  Json result{{"ruleId", finding.rule},
              {"ruleIndex", rule_index},
              {"kind", "fail"},
              {"level", "error"},
              {"message", {{"text", finding.message}}}};
  if (Json location = location_of(finding); !location.empty()) result["locations"] = Json::array({std::move(location)});
  if (!finding.site) return result;
  if (!finding.site->stack.empty()) result["relatedLocations"] = related_locations(*finding.site, context);
  result["partialFingerprints"] = {{kFingerprintName, finding.site->fingerprint}};
  result["properties"] = {{"blocks", finding.site->now.blocks}, {"bytes", finding.site->now.bytes}};
  if (finding.site->status != SiteStatus::kUnlisted) {
    result["properties"]["status"] = status_word(finding.site->status);
  }
  return result;
}

/// The rules by id: several budgets are one rule with different parameters.
class RuleTable {
 public:
  explicit RuleTable(const Verdict& verdict) {
    for (const RuleResult& rule : verdict.rules) {
      add(rule.id, rule.pattern.empty() ? rule.title : "limit for the call stacks through a function, file or module");
    }
    if (verdict.outcome == Outcome::kProgramFailed) add(kProgramFailed, "the program failed");
    if (verdict.outcome == Outcome::kIncomplete) add(kIncompleteProfile, "the profile is not complete");
  }

  std::size_t index_of(const std::string& id) const {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i]["id"] == id) return i;
    }
    return rules_.size();
  }

  const Json& rules() const { return rules_; }

 private:
  void add(const std::string& id, const std::string& title) {
    if (index_of(id) < rules_.size()) return;
    rules_.push_back({{"id", id},
                      {"shortDescription", {{"text", clean_line(title)}}},
                      {"defaultConfiguration", {{"level", "error"}}}});
  }

  Json rules_ = Json::array();
};

Json invocation_of(const Verdict& verdict) {
  Json notifications = Json::array();
  const auto notify = [&](const std::string& text, const char* level) {
    notifications.push_back({{"level", level}, {"message", {{"text", clean_line(text)}}}});
  };
  notify(verdict.headline, verdict.outcome == Outcome::kPass ? "note" : "error");
  if (!verdict.program_failure.empty()) notify(verdict.program_failure, "warning");
  for (const std::string& reason : verdict.incomplete_reasons) notify(reason, "warning");
  for (const std::string& text : verdict.notes) notify(text, "note");
  return {{"executionSuccessful", verdict.outcome == Outcome::kPass || verdict.outcome == Outcome::kRuleFailed},
          {"exitCode", exit_status(verdict.outcome)},
          {"toolExecutionNotifications", std::move(notifications)}};
}

}  // namespace

std::string format_sarif(const Verdict& verdict, const FormatContext& context) {
  const RuleTable rules(verdict);
  Json results = Json::array();
  for (const Finding& finding : findings_of(verdict, context)) {
    results.push_back(result_of(finding, rules.index_of(finding.rule), context));
  }
  Json run{{"tool", {{"driver", {{"name", "memprof"}, {"version", context.tool_version}, {"rules", rules.rules()}}}}},
           {"invocations", Json::array({invocation_of(verdict)})}};
  if (!context.repository.empty()) {
    std::string root = uri_path(context.repository);
    if (root.back() != '/') root += '/';  // a base URI has to end so
    run["originalUriBaseIds"] = {{kRootId, {{"uri", "file://" + root}}}};
  }
  run["results"] = std::move(results);
  return json_text({{"$schema", kSchema}, {"version", "2.1.0"}, {"runs", Json::array({std::move(run)})}});
}

}  // namespace memprof::report
