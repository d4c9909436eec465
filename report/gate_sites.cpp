#include "report/gate_sites.hpp"

#include <algorithm>

#include "report/frame_names.hpp"

namespace memprof::report {
namespace {

void add(GateFigures& sum, const Site& site, bool unfreed_counts) {
  if (unfreed_counts) {
    sum.blocks += site.live_blocks;
    sum.bytes += site.live_bytes;
  }
  sum.peak_bytes += site.peak_bytes;
  sum.allocations += site.allocations;
  sum.temporary += site.temporary_allocations;
}

/// Processes come one after the other: all but the peak add up.
void merge(GateFigures& sum, const GateFigures& process) {
  sum.blocks += process.blocks;
  sum.bytes += process.bytes;
  sum.peak_bytes = std::max(sum.peak_bytes, process.peak_bytes);
  sum.allocations += process.allocations;
  sum.temporary += process.temporary;
}

/// One process on its way into RunFigures.
class ProcessSum {
 public:
  ProcessSum(const Profile& profile, const GateRules& rules, const SuppressionSet& suppressions)
      : profile_(profile), rules_(rules), suppressions_(suppressions), paths_(profile) {}

  void add_to(RunFigures& run, const std::vector<GatePattern>& patterns, std::vector<bool>& pattern_seen) {
    std::vector<std::vector<bool>> belongs;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      belongs.push_back(patterns[i].stacks(profile_, paths_));
      if (!pattern_seen[i]) pattern_seen[i] = patterns[i].matches_anything(profile_, paths_);
    }
    std::vector<GateFigures> limits(rules_.limits.size());
    std::map<SiteKey, SiteSum> sites;
    const bool unfreed_counts = counts_unfreed(profile_);
    for (std::size_t i = 0; i < profile_.sites.size(); ++i) {
      const Site& site = profile_.sites[i];
      if (site.allocations == 0) continue;
      SiteKey key = key_of(site, unfreed_counts);
      const bool unfreed = unfreed_counts && !key.suppression;
      SiteSum& sum = sites[std::move(key)];
      sum.in_limit.resize(limits.size());
      for (std::size_t l = 0; l < limits.size(); ++l) {
        if (!belongs[l][site.stack]) continue;
        add(limits[l], site, unfreed);
        sum.in_limit[l] = true;
      }
      put(sum, i, unfreed_counts);
    }
    for (auto& [key, sum] : sites) {
      SiteSum& total = run.sites[key];
      if (total.profile == nullptr || sum.figures.bytes > total.figures.bytes) {
        total.profile = sum.profile;
        total.example = sum.example;
      }
      total.path = std::move(sum.path);
      total.in_limit.resize(limits.size());
      for (std::size_t l = 0; l < limits.size(); ++l) total.in_limit[l] = total.in_limit[l] || sum.in_limit[l];
      merge(total.figures, sum.figures);
    }
    add_limits(run, limits, patterns);
  }

 private:
  SiteKey key_of(const Site& site, bool unfreed_counts) {
    SiteKey key{path_text(paths_.of(site.stack)), std::nullopt};
    if (unfreed_counts && site.live_blocks > 0) {
      key.suppression = suppressions_.match(suppressible_stack(profile_, paths_, site));
    }
    return key;
  }

  void put(SiteSum& sum, std::size_t index, bool unfreed_counts) {
    const Site& site = profile_.sites[index];
    const auto weight = [](const Site& s) { return std::pair{s.live_bytes, s.allocated_bytes}; };
    if (sum.profile == nullptr) {
      sum.profile = &profile_;
      sum.path = paths_.of(site.stack);
      sum.example = index;
    } else if (weight(site) > weight(profile_.sites[sum.example])) {
      sum.example = index;
    }
    add(sum.figures, site, unfreed_counts);
  }

  void add_limits(RunFigures& run, std::vector<GateFigures>& limits, const std::vector<GatePattern>& patterns) {
    run.limits.resize(limits.size());
    for (std::size_t l = 0; l < limits.size(); ++l) {
      const LimitKind kind = rules_.limits[l].kind;
      // Sites share one common peak, the same as that of the process.
      if (patterns[l].everything()) limits[l].peak_bytes = profile_.totals.peak_bytes;
      const std::uint64_t value = figure_of(limits[l], kind);
      run.limits[l] = kind == LimitKind::kPeak ? std::max(run.limits[l], value) : run.limits[l] + value;
    }
  }

  const Profile& profile_;
  const GateRules& rules_;
  const SuppressionSet& suppressions_;
  FunctionPaths paths_;
};

std::uint64_t lower_middle(std::vector<std::uint64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <typename Value>
std::uint64_t middle_value(const std::vector<RunFigures>& runs, Value value) {
  std::vector<std::uint64_t> values;
  values.reserve(runs.size());
  for (const RunFigures& run : runs) values.push_back(value(run));
  return lower_middle(std::move(values));
}

GateFigures middle_figures(const std::vector<RunFigures>& runs, const SiteKey& key) {
  const auto middle = [&](std::uint64_t GateFigures::*member) {
    return middle_value(runs, [&](const RunFigures& run) {
      const auto found = run.sites.find(key);
      return found == run.sites.end() ? 0 : found->second.figures.*member;
    });
  };
  return {middle(&GateFigures::blocks), middle(&GateFigures::bytes), middle(&GateFigures::peak_bytes),
          middle(&GateFigures::allocations), middle(&GateFigures::temporary)};
}

}  // namespace

std::vector<SuppressibleFrame> suppressible_stack(const Profile& profile, const FunctionPaths& paths,
                                                  const Site& site) {
  std::vector<SuppressibleFrame> stack;
  const std::string& hook = profile.text(site.hook);
  stack.push_back({hook, hook, {}, {}, 0});
  for (NodeIndex node = site.stack; node != kNoIndex; node = profile.stacks[node].parent) {
    if (profile.stacks[node].frame == kNoIndex) continue;
    const FrameIndex index = profile.stacks[node].frame;
    const Frame& frame = profile.frames[index];
    SuppressibleFrame entry{{}, {}, profile.text(frame.file), {}, frame.line};
    if (frame.function != 0 && !frame.nearest) {
      entry.function = profile.text(frame.function);
      entry.folded = paths.folded(index);
    }
    if (frame.module != kNoIndex) entry.module = profile.text(profile.modules[frame.module].path);
    stack.push_back(entry);
  }
  return stack;
}

std::uint64_t figure_of(const GateFigures& figures, LimitKind kind) {
  switch (kind) {
    case LimitKind::kUnfreedBytes:
      return figures.bytes;
    case LimitKind::kUnfreedBlocks:
      return figures.blocks;
    case LimitKind::kPeak:
      return figures.peak_bytes;
    case LimitKind::kAllocations:
      return figures.allocations;
    case LimitKind::kTemporary:
      return figures.temporary;
  }
  return 0;
}

bool counts_unfreed(const Profile& profile) { return profile.process.end_kind != EndKind::kReplaced; }

RunFigures sum_run(const std::vector<const Profile*>& processes, const GateRules& rules,
                   const SuppressionSet& suppressions, const std::vector<GatePattern>& patterns,
                   std::vector<bool>& pattern_seen) {
  RunFigures run;
  run.limits.resize(rules.limits.size());
  for (const Profile* profile : processes) {
    ProcessSum(*profile, rules, suppressions).add_to(run, patterns, pattern_seen);
    if (run.peak_program.empty() || profile->totals.peak_bytes > run.peak_bytes) {
      run.peak_bytes = profile->totals.peak_bytes;
      run.peak_program = profile->process.program;
    }
  }
  return run;
}

RunFigures middle_of(const std::vector<RunFigures>& runs) {
  RunFigures middle = runs.back();
  if (runs.size() == 1) return middle;
  for (const RunFigures& run : runs) middle.sites.insert(run.sites.begin(), run.sites.end());
  for (auto& [key, sum] : middle.sites) sum.figures = middle_figures(runs, key);
  for (std::size_t l = 0; l < middle.limits.size(); ++l) {
    middle.limits[l] = middle_value(runs, [l](const RunFigures& run) { return run.limits[l]; });
  }
  middle.peak_bytes = middle_value(runs, [](const RunFigures& run) { return run.peak_bytes; });
  return middle;
}

GateSite describe_site(const SiteKey& key, const SiteSum& sum, const FunctionPaths& paths) {
  const Profile& profile = *sum.profile;
  const Site& example = profile.sites[sum.example];
  GateSite site;
  site.fingerprint = fingerprint(sum.path);
  site.path = sum.path;
  site.hook = profile.text(example.hook);
  site.program = profile.process.program;
  site.now = sum.figures;
  site.suppression = key.suppression;
  std::optional<std::size_t> library_line;
  bool user_code = false;
  for (NodeIndex node = example.stack; node != kNoIndex; node = profile.stacks[node].parent) {
    const FrameIndex index = profile.stacks[node].frame;
    if (index == kNoIndex) continue;
    const Frame& frame = profile.frames[index];
    const std::string module = frame.module == kNoIndex ? "" : profile.text(profile.modules[frame.module].path);
    const std::size_t at = site.stack.size();
    site.stack.push_back(
        {function_name(profile, frame), profile.text(frame.file), frame.line, module, frame.inlined, paths.own(index)});
    user_code = user_code || paths.own(index);
    if (frame.file == 0 || frame.line == 0) continue;
    if (paths.own(index) && !site.location) site.location = at;
    if (!library_line) library_line = at;
  }
  if (!user_code) site.location = library_line;
  return site;
}

}  // namespace memprof::report
