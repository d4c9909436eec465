#include "report/format.hpp"
#include "report/format_findings.hpp"
#include "report/format_json_text.hpp"

namespace memprof::report {
namespace {

const char* outcome_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kRuleFailed:
      return "rule_failed";
    case Outcome::kIncomplete:
      return "incomplete";
    case Outcome::kProgramFailed:
      return "program_failed";
  }
  return "";
}

Json rule_json(const RuleResult& rule) {
  Json json{{"id", rule.id}, {"title", rule.title}};
  if (!rule.pattern.empty()) json["pattern"] = rule.pattern;
  json["origin"] = rule.origin;
  json["unit"] = rule.unit == Unit::kBytes ? "bytes" : "count";
  json["limit"] = rule.limit;
  json["measured"] = rule.measured;
  json["passed"] = rule.passed;
  json["message"] = rule.message;
  json["sites"] = rule.sites;
  return json;
}

Json figures_json(const GateFigures& figures) {
  return {{"live_blocks", figures.blocks},
          {"live_bytes", figures.bytes},
          {"peak_bytes", figures.peak_bytes},
          {"allocations", figures.allocations},
          {"temporary_allocations", figures.temporary}};
}

Json frame_json(const GateFrame& frame) {
  Json json{{"function", frame.function}};
  if (!frame.file.empty()) json["file"] = frame.file;
  if (frame.line != 0) json["line"] = frame.line;
  if (!frame.module.empty()) json["module"] = frame.module;
  if (frame.inlined) json["inlined"] = true;
  json["user_code"] = frame.own;
  return json;
}

Json site_json(const GateSite& site, const FormatContext& context) {
  Json json{{"fingerprint", site.fingerprint}, {"failing", site.failing()}};
  if (site.status != SiteStatus::kUnlisted) json["status"] = status_word(site.status);
  json["message"] = site.message;
  if (!site.program.empty()) json["program"] = site.program;
  if (!site.hook.empty()) json["hook"] = site.hook;
  if (const auto place = place_of(site, context)) {
    json["place"] = {{"file", place->path}, {"line", place->line}, {"in_repository", place->in_repository}};
  }
  json["now"] = figures_json(site.now);
  if (site.before) json["before"] = {{"live_blocks", site.before->blocks}, {"live_bytes", site.before->bytes}};
  if (site.growth) {
    json["growth"] = {{"ticks", site.growth->ticks},
                      {"blocks_per_tick", site.growth->blocks_per_tick},
                      {"bytes_per_tick", site.growth->bytes_per_tick},
                      {"slope_low", site.growth->slope_low},
                      {"slope_high", site.growth->slope_high}};
  }
  if (site.suppression) json["suppression"] = *site.suppression;
  json["rules"] = site.rules;
  json["path"] = site.path;
  json["stack"] = Json::array();
  for (const GateFrame& frame : site.stack) json["stack"].push_back(frame_json(frame));
  return json;
}

Json process_json(const CheckedProcess& process) {
  Json json{{"program", process.program}, {"pid", process.pid}};
  if (!process.profile.empty()) json["profile"] = process.profile;
  json["live_blocks"] = process.unfreed_blocks;
  json["live_bytes"] = process.unfreed_bytes;
  json["peak_bytes"] = process.peak_bytes;
  json["allocations"] = process.allocations;
  json["temporary_allocations"] = process.temporary;
  return json;
}

const char* capture_word(const Verdict& verdict) {
  if (!verdict.incomplete_reasons.empty()) return "partial";
  return verdict.degraded ? "degraded" : "complete";
}

}  // namespace

std::string format_json(const Verdict& verdict, const FormatContext& context) {
  Json json{{"report", "check"},
            {"outcome", outcome_word(verdict.outcome)},
            {"exit_status", exit_status(verdict.outcome)},
            {"headline", verdict.headline},
            {"capture_verdict", capture_word(verdict)},
            {"complete", verdict.incomplete_reasons.empty()},
            {"incomplete_reasons", verdict.incomplete_reasons}};
  if (!verdict.program_failure.empty()) json["program_failure"] = verdict.program_failure;
  if (!verdict.baseline.empty()) json["baseline"] = verdict.baseline;
  json["rules"] = Json::array();
  for (const RuleResult& rule : verdict.rules) json["rules"].push_back(rule_json(rule));
  json["sites"] = Json::array();
  for (const GateSite& site : verdict.sites) json["sites"].push_back(site_json(site, context));
  json["suppressions"] = Json::array();
  for (const SuppressionUse& use : verdict.suppressions) {
    json["suppressions"].push_back({{"name", use.name},
                                    {"origin", use.origin},
                                    {"built_in", use.built_in},
                                    {"sites", use.sites},
                                    {"live_blocks", use.blocks},
                                    {"live_bytes", use.bytes}});
  }
  json["processes"] = Json::array();
  for (const CheckedProcess& process : verdict.processes) json["processes"].push_back(process_json(process));
  json["notes"] = verdict.notes;
  return json_text(json);
}

}  // namespace memprof::report
