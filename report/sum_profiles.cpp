#include "report/sum_profiles.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "profile/site_sum.hpp"
#include "report/sum_timelines.hpp"

namespace memprof::report {
namespace {

using Indices = std::vector<std::uint32_t>;

std::uint32_t mapped(const Indices& indices, std::uint32_t index) {
  return index == kNoIndex ? kNoIndex : indices[index];
}

void add(Totals& sum, const Totals& part) {
  sum.allocations += part.allocations;
  sum.frees += part.frees;
  sum.allocated_bytes += part.allocated_bytes;
  sum.freed_bytes += part.freed_bytes;
  sum.live_blocks += part.live_blocks;
  sum.live_bytes += part.live_bytes;
  sum.peak_bytes += part.peak_bytes;
  sum.peak_blocks += part.peak_blocks;
  sum.temporary_allocations += part.temporary_allocations;
  sum.failed_allocations += part.failed_allocations;
}

void add(Capture& sum, const Profile& part) {
  const Capture& capture = part.capture;
  const std::string who = part.process.program + " (" + std::to_string(part.process.pid) + "): ";
  sum.complete = sum.complete && capture.complete;
  for (const std::string& reason : capture.incomplete_reasons) sum.incomplete_reasons.push_back(who + reason);
  for (const std::string& reason : capture.degraded_reasons) sum.degraded_reasons.push_back(who + reason);
  if (sum.unseen_memory.empty() && !capture.unseen_memory.empty()) sum.unseen_memory = who + capture.unseen_memory;
  sum.max_depth = std::max(sum.max_depth, capture.max_depth);
  sum.dropped_events += capture.dropped_events;
  sum.truncated_stacks += capture.truncated_stacks;
  sum.lost_stacks += capture.lost_stacks;
  sum.unknown_frees += capture.unknown_frees;
  sum.inherited_frees += capture.inherited_frees;
  sum.missed_frees += capture.missed_frees;
  sum.nested_events += capture.nested_events;
  sum.nested_dropped += capture.nested_dropped;
  sum.ring_waits += capture.ring_waits;
  sum.ring_wait_s += capture.ring_wait_s;
  sum.unwind_fallbacks += capture.unwind_fallbacks;
  sum.unwind_checked += capture.unwind_checked;
  sum.unwind_differences += capture.unwind_differences;
  sum.overhead_bytes += capture.overhead_bytes;
  sum.hook_cpu_s += capture.hook_cpu_s;
  sum.collector_cpu_s += capture.collector_cpu_s;
}

/// Takes profiles in one after the other; equal rows of their tables become one row.
class Summing {
 public:
  explicit Summing(const Profile& first) {
    sum_.generator = first.generator;
    sum_.process = first.process;
    sum_.capture.complete = true;
  }

  void take(const Profile& profile);
  Profile finish() && { return std::move(sum_); }

 private:
  void take_strings(const Profile& profile);
  void take_modules(const Profile& profile);
  void take_frames(const Profile& profile);
  void take_stacks(const Profile& profile);
  void take_types(const Profile& profile);
  void take_threads(const Profile& profile);
  void take_sites(const std::vector<Site>& from, std::vector<Site>& to,
                  std::unordered_map<NodeIndex, std::size_t>& rows);
  StringIndex text(StringIndex index) const { return strings_[index]; }

  template <typename Row, typename Key>
  static std::uint32_t row_for(std::vector<Row>& rows, std::map<Key, std::uint32_t>& known, const Key& key, Row row) {
    const auto [found, is_new] = known.try_emplace(key, static_cast<std::uint32_t>(rows.size()));
    if (is_new) rows.push_back(std::move(row));
    return found->second;
  }

  Profile sum_;
  std::unordered_map<std::string, StringIndex> known_strings_{{"", 0}};
  std::map<std::pair<StringIndex, StringIndex>, std::uint32_t> known_modules_;
  using FrameKey = std::tuple<StringIndex, StringIndex, std::uint32_t, std::uint32_t, std::uint64_t, bool, bool>;
  std::map<FrameKey, std::uint32_t> known_frames_;
  std::map<std::pair<NodeIndex, FrameIndex>, std::uint32_t> known_stacks_;
  using TypeKey = std::tuple<StringIndex, StringIndex, StringIndex, std::uint64_t, TypeEvidence>;
  std::map<TypeKey, std::uint32_t> known_types_;
  std::unordered_map<NodeIndex, std::size_t> site_rows_, mapped_rows_;
  // Of the profile at hand: row there → row here.
  Indices strings_, modules_, frames_, stacks_, types_;
};

void Summing::take(const Profile& profile) {
  take_strings(profile);
  take_modules(profile);
  take_frames(profile);
  take_stacks(profile);
  take_types(profile);
  take_sites(profile.sites, sum_.sites, site_rows_);
  take_sites(profile.mapped_sites, sum_.mapped_sites, mapped_rows_);
  take_threads(profile);
  add(sum_.totals, profile.totals);
  add(sum_.mapped_totals, profile.mapped_totals);
  add(sum_.capture, profile);
}

void Summing::take_strings(const Profile& profile) {
  strings_.clear();
  for (const std::string& string : profile.strings) {
    const auto [found, is_new] = known_strings_.try_emplace(string, static_cast<StringIndex>(sum_.strings.size()));
    if (is_new) sum_.strings.push_back(string);
    strings_.push_back(found->second);
  }
}

void Summing::take_modules(const Profile& profile) {
  modules_.clear();
  for (const Module& from : profile.modules) {
    Module module{text(from.path), text(from.build_id), from.symbols_found};
    modules_.push_back(row_for(sum_.modules, known_modules_, std::pair(module.path, module.build_id), module));
  }
}

void Summing::take_frames(const Profile& profile) {
  frames_.clear();
  for (Frame frame : profile.frames) {
    frame.function = text(frame.function);
    frame.file = text(frame.file);
    frame.module = mapped(modules_, frame.module);
    // Where line and function say it all, the place in the file is another one in each build of it.
    const bool by_place = frame.function == 0 || frame.nearest;
    const FrameKey key(frame.function, frame.file, frame.line, frame.module, by_place ? frame.offset : 0, frame.inlined,
                       frame.nearest);
    frames_.push_back(row_for(sum_.frames, known_frames_, key, frame));
  }
}

void Summing::take_stacks(const Profile& profile) {
  stacks_.clear();
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    if (node < kRootCount) {
      stacks_.push_back(node);
      continue;
    }
    const StackNode moved{mapped(stacks_, profile.stacks[node].parent), mapped(frames_, profile.stacks[node].frame)};
    stacks_.push_back(row_for(sum_.stacks, known_stacks_, std::pair(moved.parent, moved.frame), moved));
  }
}

void Summing::take_types(const Profile& profile) {
  types_.clear();
  for (Type type : profile.types) {
    type.name = text(type.name);
    type.raw_name = text(type.raw_name);
    type.part = text(type.part);
    const TypeKey key(type.name, type.raw_name, type.part, type.size, type.evidence);
    types_.push_back(row_for(sum_.types, known_types_, key, type));
  }
}

void Summing::take_sites(const std::vector<Site>& from, std::vector<Site>& to,
                         std::unordered_map<NodeIndex, std::size_t>& rows) {
  for (const Site& part : from) {
    const auto [found, is_new] = rows.try_emplace(stacks_[part.stack], to.size());
    if (is_new) {
      Site& site = to.emplace_back(part);
      site.stack = found->first;
      site.type = mapped(types_, part.type);
      site.hook = text(part.hook);
      continue;
    }
    Site& site = to[found->second];
    if (site.type == kNoIndex) site.type = mapped(types_, part.type);
    if (site.allocations == 0 && part.allocations > 0) site.hook = text(part.hook);
    add_figures(site, part);
  }
}

void Summing::take_threads(const Profile& profile) {
  const auto first_thread = static_cast<std::uint32_t>(sum_.threads.size());
  for (Thread thread : profile.threads) {
    thread.name = text(thread.name);
    sum_.threads.push_back(thread);
  }
  const auto first_scope = static_cast<std::uint32_t>(sum_.scopes.size());
  for (Scope scope : profile.scopes) {
    scope.name = text(scope.name);
    scope.thread += first_thread;
    if (scope.parent != kNoIndex) scope.parent += first_scope;
    sum_.scopes.push_back(scope);
  }
}

}  // namespace

Profile sum_profiles(const std::vector<Profile>& profiles) {
  Summing summing(profiles.front());
  for (const Profile& profile : profiles) summing.take(profile);
  Profile sum = std::move(summing).finish();
  sum.capture.unresolved_frames = static_cast<std::uint64_t>(
      std::count_if(sum.frames.begin(), sum.frames.end(), [](const Frame& frame) { return frame.function == 0; }));
  const TimelineSum timelines = sum_timelines(profiles);
  sum.timeline = timelines.points;
  sum.process.start_unix_ms = timelines.start_unix_ms;
  sum.process.duration_s = timelines.duration_s;
  return sum;
}

}  // namespace memprof::report
