#include "report/gate_judge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "report/gate_baseline.hpp"
#include "report/gate_growth.hpp"
#include "report/gate_pattern.hpp"
#include "report/gate_sites.hpp"
#include "report/gate_text.hpp"

namespace memprof::report {
namespace {

/// Of what is not unfreed there is a lot in any program; the largest say enough.
constexpr std::size_t kMostBlamedForUse = 5;

bool is_unfreed(LimitKind kind) { return kind == LimitKind::kUnfreedBytes || kind == LimitKind::kUnfreedBlocks; }

class Judge {
 public:
  explicit Judge(const GateInput& input) : input_(input), rules_(input.rules) {}

  Result<Verdict> judge() {
    if (auto checked = check_ticks(); !checked) return tl::unexpected(std::move(checked.error()));
    if (input_.default_rule && !judges_ticks_) rules_.set_default();
    if (auto checked = check_stacks(); !checked) return tl::unexpected(std::move(checked.error()));
    if (auto measured = measure(); !measured) return tl::unexpected(std::move(measured.error()));
    describe_sites();
    if (input_.baseline) compare();
    for (std::size_t i = 0; i < rules_.limits.size(); ++i) judge_limit(i);
    judge_growth_over_time();
    sort_sites();
    for (GateSite& site : verdict_.sites) site.message = site_text(site);
    describe_capture();
    settle();
    return std::move(verdict_);
  }

 private:
  /// Without stacks there are no sites: everything would be one, and known as soon as anything is.
  Result<void> check_stacks() const {
    const bool needs_stacks =
        input_.baseline || std::any_of(rules_.limits.begin(), rules_.limits.end(),
                                       [](const LimitRule& rule) { return !rule.pattern.empty(); });
    for (const GateRun& run : input_.runs) {
      for (const Profile* profile : run.processes) {
        if (needs_stacks && profile->capture.max_depth == 0) {
          return failure("the profile of " + profile->process.program +
                             " has no call stacks, which budgets and baselines are about",
                         "record it without --depth 0");
        }
      }
    }
    return {};
  }

  /// Whether growth over ticks can be judged, and whether it has to be.
  Result<void> check_ticks() {
    const bool asked = rules_.no_tick_growth.value_or(false);
    std::size_t ticking = 0, fewest = SIZE_MAX;
    for (const GateRun& run : input_.runs) {
      for (const Profile* profile : run.processes) {
        if (profile->ticks.empty()) continue;
        ++ticking;
        fewest = std::min(fewest, judged_ticks(*profile, tick_warmup()));
      }
    }
    const bool repeated = input_.runs.size() >= kFewestTicks;
    if (asked && ticking == 0 && !repeated) {
      return failure("growth over ticks cannot be judged: the program never called memprof_tick()",
                     "call it at the end of each round of work (memprof.h), or repeat the program 5 times: --repeat 5");
    }
    if (ticking > 0 && fewest < kFewestTicks) {
      const std::string what = "growth over ticks cannot be judged: after the warm-up only " + std::to_string(fewest) +
                               " ticks are left, and 5 are needed";
      if (asked) return failure(what, "make more rounds, or a shorter --warmup");
      if (rules_.no_tick_growth.value_or(true)) verdict_.notes.push_back(what);
    }
    judges_ticks_ = rules_.no_tick_growth.value_or(true) && ticking > 0 && (asked || fewest >= kFewestTicks);
    judges_runs_ = rules_.no_tick_growth.value_or(true) && repeated;
    return {};
  }

  /// With repeats it is runs that the warm-up is for.
  std::uint64_t tick_warmup() const { return input_.runs.size() > 1 ? 0 : rules_.warmup; }

  Result<void> measure() {
    std::vector<GatePattern> patterns;
    for (const LimitRule& rule : rules_.limits) patterns.emplace_back(rule.pattern);
    std::vector<bool> seen(patterns.size(), false);
    for (const GateRun& run : input_.runs) {
      runs_.push_back(sum_run(run.processes, rules_, input_.suppressions, patterns, seen));
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const LimitRule& rule = rules_.limits[i];
      if (seen[i] || rule.optional) continue;
      return failure("the budget for '" + rule.pattern + "' (" + rule.origin +
                         ") names no function, file or module of this program",
                     "correct its pattern, or write optional = true into its [[budget]] if it need not be there");
    }
    figures_ = middle_of(runs_);
    return {};
  }

  const FunctionPaths& paths_of(const Profile& profile) { return paths_.try_emplace(&profile, profile).first->second; }

  void describe_sites() {
    for (const Suppression& entry : input_.suppressions.entries()) {
      verdict_.suppressions.push_back({entry.name, entry.origin, entry.built_in, 0, 0, 0});
    }
    for (const auto& [key, sum] : figures_.sites) {
      if (sum.figures.blocks == 0) continue;
      if (key.suppression) {
        SuppressionUse& use = verdict_.suppressions[*key.suppression];
        use = {use.name,
               use.origin,
               use.built_in,
               use.sites + 1,
               use.blocks + sum.figures.blocks,
               use.bytes + sum.figures.bytes};
      }
      site_of(key, sum);
    }
  }

  /// Its index in the verdict, where it is put if it isn't there.
  std::size_t site_of(const SiteKey& key, const SiteSum& sum) {
    const auto [entry, inserted] = site_index_.try_emplace(key, verdict_.sites.size());
    if (inserted) verdict_.sites.push_back(describe_site(key, sum, paths_of(*sum.profile)));
    return entry->second;
  }

  void compare() {
    const double growth = rules_.max_growth.value_or(0);
    verdict_.baseline = input_.baseline_path;
    verdict_.notes = compare_with_baseline(verdict_.sites, *input_.baseline, growth);
    if (input_.accept_baseline) return;
    if (rules_.no_new_sites.value_or(true)) {
      judge_status("no-new-sites", "sites that are not in the baseline", rules_.no_new_sites_origin, SiteStatus::kNew);
    }
    judge_status("max-growth", "sites that have grown since the baseline", rules_.max_growth_origin,
                 SiteStatus::kGrown);
    if (!rules_.max_growth) return;
    RuleResult peak;
    peak.id = "max-growth.peak";
    peak.title = "peak heap against the baseline";
    peak.origin = rules_.max_growth_origin;
    peak.limit = static_cast<std::uint64_t>(
        std::floor(std::min(static_cast<double>(input_.baseline->peak_bytes) * (1 + growth), 9e18)));
    peak.measured = figures_.peak_bytes;
    const auto by_peak = [](const GateFigures& figures) { return figures.peak_bytes; };
    finish(std::move(peak), [&] { return largest(by_peak, [](const SiteSum&) { return true; }); });
  }

  void judge_status(const std::string& id, const std::string& title, const std::string& origin, SiteStatus status) {
    RuleResult rule;
    rule.id = id;
    rule.title = title;
    rule.origin = origin.empty() ? "baseline" : origin;
    rule.unit = Unit::kCount;
    std::vector<std::size_t> sites;
    for (std::size_t i = 0; i < verdict_.sites.size(); ++i) {
      if (verdict_.sites[i].status == status) sites.push_back(i);
    }
    rule.measured = sites.size();
    finish(std::move(rule), [&] { return sites; });
  }

  void judge_growth_over_time() {
    if (!judges_ticks_ && !judges_runs_) return;
    RuleResult rule;
    rule.id = "no-tick-growth";
    rule.title = judges_ticks_ ? "sites that grow from tick to tick" : "sites that grow from run to run";
    rule.origin = rules_.no_tick_growth_origin.empty() ? "default" : rules_.no_tick_growth_origin;
    rule.unit = Unit::kCount;
    std::vector<std::size_t> sites;
    if (judges_ticks_) {
      for (const GateRun& run : input_.runs) {
        for (const Profile* profile : run.processes) judge_ticks(*profile, sites);
      }
    }
    if (judges_runs_) judge_runs(sites);
    rule.measured = sites.size();
    finish(std::move(rule), [&] { return sites; });
  }

  void judge_ticks(const Profile& profile, std::vector<std::size_t>& sites) {
    const FunctionPaths& paths = paths_of(profile);
    const auto wanted = [&](std::size_t site) { return !suppressed(profile, paths, site); };
    for (const GrowingSite& growing : growing_sites(profile, paths, tick_warmup(), wanted)) {
      const SiteKey key{path_text(paths.of(profile.sites[growing.site].stack)), std::nullopt};
      const auto found = figures_.sites.find(key);
      if (found == figures_.sites.end()) continue;  // all of it is suppressed at the end
      SiteSum sum = found->second;
      sum.profile = &profile;
      sum.example = growing.site;
      blame_growth(key, sum, growing.growth, sites);
    }
  }

  void judge_runs(std::vector<std::size_t>& sites) {
    for (const auto& [key, sum] : figures_.sites) {
      if (key.suppression) continue;
      LiveSeries series;
      for (const RunFigures& run : runs_) {
        const auto found = run.sites.find(key);
        series.blocks.push_back(found == run.sites.end() ? 0 : found->second.figures.blocks);
        series.bytes.push_back(found == run.sites.end() ? 0 : found->second.figures.bytes);
      }
      if (const auto growth = judge_growth(series, 1)) blame_growth(key, sum, *growth, sites);
    }
  }

  void blame_growth(const SiteKey& key, const SiteSum& sum, const TickGrowth& growth, std::vector<std::size_t>& sites) {
    const std::size_t index = site_of(key, sum);
    verdict_.sites[index].growth = growth;
    if (std::find(sites.begin(), sites.end(), index) == sites.end()) sites.push_back(index);
  }

  bool suppressed(const Profile& profile, const FunctionPaths& paths, std::size_t site) const {
    return input_.suppressions.match(suppressible_stack(profile, paths, profile.sites[site])).has_value();
  }

  void judge_limit(std::size_t index) {
    const LimitRule& limit = rules_.limits[index];
    const LimitKindWords& words = words_of(limit.kind);
    RuleResult rule;
    rule.id = (limit.pattern.empty() ? "max-" : "budget.") + std::string(words.key);
    rule.title = words.title + (limit.pattern.empty() ? "" : " of " + limit.pattern);
    rule.pattern = limit.pattern;
    rule.origin = limit.origin;
    rule.unit = words.unit;
    rule.limit = limit.limit;
    rule.measured = figures_.limits[index];
    finish(std::move(rule), [&] {
      return largest([&](const GateFigures& figures) { return figure_of(figures, limit.kind); },
                     [&](const SiteSum& sum) { return sum.in_limit[index]; },
                     is_unfreed(limit.kind) ? figures_.sites.size() : kMostBlamedForUse);
    });
  }

  /// Sites that are not suppressed, by a figure, without those that have none of it.
  template <typename Figure, typename Wanted>
  std::vector<std::size_t> largest(Figure figure, Wanted wanted, std::size_t most = kMostBlamedForUse) {
    using Entry = std::pair<const SiteKey, SiteSum>;
    std::vector<const Entry*> found;
    for (const Entry& entry : figures_.sites) {
      if (!entry.first.suppression && figure(entry.second.figures) > 0 && wanted(entry.second)) found.push_back(&entry);
    }
    std::stable_sort(found.begin(), found.end(), [&](const Entry* a, const Entry* b) {
      return figure(a->second.figures) > figure(b->second.figures);
    });
    found.resize(std::min(found.size(), most));
    std::vector<std::size_t> sites;
    for (const Entry* entry : found) sites.push_back(site_of(entry->first, entry->second));
    return sites;
  }

  template <typename Blame>
  void finish(RuleResult rule, Blame blame) {
    rule.passed = rule.measured <= rule.limit;
    rule.message = limit_text(rule);
    if (!rule.passed) rule.sites = blame();
    for (const std::size_t site : rule.sites) verdict_.sites[site].rules.push_back(verdict_.rules.size());
    verdict_.rules.push_back(std::move(rule));
  }

  /// Failing ones first, suppressed ones last, each by bytes; whoever holds an index is told.
  void sort_sites() {
    std::vector<GateSite>& sites = verdict_.sites;
    const auto rank = [](const GateSite& site) { return site.failing() ? 0 : site.suppression ? 2 : 1; };
    std::vector<std::size_t> order(sites.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const GateSite &one = sites[a], &other = sites[b];
      if (rank(one) != rank(other)) return rank(one) < rank(other);
      if (one.now.bytes != other.now.bytes) return one.now.bytes > other.now.bytes;
      return one.now.peak_bytes > other.now.peak_bytes;
    });
    std::vector<std::size_t> place(order.size());
    std::vector<GateSite> sorted;
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      sorted.push_back(std::move(sites[order[i]]));
    }
    sites = std::move(sorted);
    for (RuleResult& rule : verdict_.rules) {
      for (std::size_t& site : rule.sites) site = place[site];
    }
  }

  void describe_capture() {
    const GateRun& last = input_.runs.back();
    for (std::size_t i = 0; i < last.processes.size(); ++i) {
      const Profile& profile = *last.processes[i];
      const bool counts = counts_unfreed(profile);
      verdict_.processes.push_back(
          {profile.process.program, profile.process.pid, i < last.files.size() ? last.files[i] : std::string{},
           counts ? profile.totals.live_blocks : 0, counts ? profile.totals.live_bytes : 0, profile.totals.peak_bytes,
           profile.totals.allocations, profile.totals.temporary_allocations});
    }
    for (const GateRun& run : input_.runs) {
      if (verdict_.program_failure.empty()) verdict_.program_failure = run.program_failure;
      for (const Profile* profile : run.processes) describe_incomplete(*profile);
    }
  }

  void describe_incomplete(const Profile& profile) {
    const std::string who = profile.process.program + " (" + std::to_string(profile.process.pid) + "): ";
    if (profile.process.end_kind == EndKind::kStillRunning) {
      verdict_.incomplete_reasons.push_back(who + "it was still running when its profile was written");
    }
    for (const std::string& reason : profile.capture.degraded_reasons) {
      verdict_.degraded = true;
      verdict_.notes.push_back(who + "the capture is degraded: " + reason);
    }
    if (profile.capture.complete) return;
    for (const std::string& reason : profile.capture.incomplete_reasons) {
      verdict_.incomplete_reasons.push_back(who + reason);
    }
    if (profile.capture.incomplete_reasons.empty()) {
      verdict_.incomplete_reasons.push_back(who + "the profile does not say why");
    }
  }

  void settle() {
    const bool broken =
        std::any_of(verdict_.rules.begin(), verdict_.rules.end(), [](const auto& r) { return !r.passed; });
    if (!verdict_.program_failure.empty() && !rules_.ignore_exit_status) {
      verdict_.outcome = Outcome::kProgramFailed;
    } else if (!verdict_.incomplete_reasons.empty() && !rules_.allow_incomplete) {
      verdict_.outcome = Outcome::kIncomplete;
    } else if (broken) {
      verdict_.outcome = Outcome::kRuleFailed;
    }
    verdict_.headline = headline_text(verdict_);
  }

  const GateInput& input_;
  GateRules rules_;
  bool judges_ticks_ = false, judges_runs_ = false;
  std::vector<RunFigures> runs_;
  RunFigures figures_;  ///< the middle of all runs
  std::map<SiteKey, std::size_t> site_index_;
  std::map<const Profile*, FunctionPaths> paths_;
  Verdict verdict_;
};

}  // namespace

Result<Verdict> judge(const GateInput& input) { return Judge(input).judge(); }

Baseline baseline_of(const Verdict& verdict) {
  Baseline baseline;
  for (const CheckedProcess& process : verdict.processes) {
    baseline.peak_bytes = std::max(baseline.peak_bytes, process.peak_bytes);
  }
  for (const GateSite& site : verdict.sites) {
    if (!site.suppression && site.now.blocks > 0)
      baseline.sites.push_back({site.path, site.now.blocks, site.now.bytes});
  }
  return baseline;
}

std::string process_failure(const Process& process) {
  if (process.end_kind == EndKind::kExited && process.end_value != 0) {
    return process.program + " ended with status " + std::to_string(process.end_value);
  }
  if (process.end_kind == EndKind::kSignalled) {
    return process.program + " was killed by signal " + std::to_string(process.end_value);
  }
  return {};
}

}  // namespace memprof::report
