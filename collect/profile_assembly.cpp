#include "collect/profile_assembly.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "collect/capture_quality.hpp"
#include "collect/site_types.hpp"
#include "collect/symbol_texts.hpp"
#include "collect/zeroed_array.hpp"
#include "profile/site_sum.hpp"
#include "wire/region.hpp"

namespace memprof::collect {
namespace {

std::size_t mix(std::size_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x9e37'79b9'7f4a'7c15u + (hash >> 29);
}

struct HashFrame {
  std::size_t operator()(const Frame& frame) const {
    std::size_t hash = mix(frame.function, frame.file);
    hash = mix(hash, std::uint64_t{frame.line} << 32 | frame.function_line);
    hash = mix(hash, frame.offset ^ std::uint64_t{frame.module} << 40);
    return mix(hash, (frame.inlined ? 1u : 0u) | (frame.nearest ? 2u : 0u));
  }
};

struct HashStackNode {
  std::size_t operator()(const StackNode& node) const { return mix(mix(0, node.parent), node.frame); }
};

/// Slots of a hash table where a row may be. `home` is a place that rows which are looked up one after another share:
/// a few slots around it come first, then all the others in jumps, as whole regions around homes may be full.
class RowProbes {
 public:
  RowProbes(std::size_t home, std::size_t hash, std::size_t slots)
      : home_(home & ~(kLine - 1)), hash_(hash), mask_(slots - 1) {}
  std::size_t operator[](std::size_t probe) const {
    if (probe < kNear) return (home_ | ((hash_ + probe) & (kLine - 1))) & mask_;
    return ((hash_ >> 32) + probe * (hash_ | 1)) & mask_;
  }

 private:
  static constexpr std::size_t kLine = 16;
  static constexpr std::size_t kNear = 8;
  std::size_t home_, hash_, mask_;
};

std::size_t home_of(const Frame&, std::size_t hash) { return hash; }
/// Ids along a path mostly rise one by one, so a walk through the tree stays among neighbours.
std::size_t home_of(const StackNode& node, std::size_t) { return std::size_t{node.parent} * 2; }

/// Rows of a table, each once: open addressing over row numbers, since there may be millions.
template <typename Row, typename Hash>
class UniqueRows {
 public:
  explicit UniqueRows(std::vector<Row>& rows) : rows_(rows), first_(rows.size()) {}
  /// Makes room for that many rows at once.
  void expect(std::size_t rows) {
    rows_.reserve(first_ + rows);
    resize(std::bit_ceil(std::max<std::size_t>(rows * 2, slots_.size())));
  }
  std::uint32_t add(const Row& row) {
    if ((rows_.size() - first_) * 2 >= slots_.size()) resize(std::max<std::size_t>(slots_.size() * 2, 1024));
    const std::size_t hash = Hash{}(row);
    const RowProbes probes(home_of(row, hash), hash, slots_.size());
    for (std::size_t probe = 0;; ++probe) {
      std::uint32_t& slot = slots_[probes[probe]];
      if (slot == 0) {
        rows_.push_back(row);
        slot = static_cast<std::uint32_t>(rows_.size());
        return slot - 1;
      }
      if (rows_[slot - 1] == row) return slot - 1;
    }
  }

 private:
  void resize(std::size_t slots) {
    slots_ = ZeroedArray<std::uint32_t>(slots);
    for (std::size_t row = first_; row < rows_.size(); ++row) {
      const std::size_t hash = Hash{}(rows_[row]);
      const RowProbes probes(home_of(rows_[row], hash), hash, slots_.size());
      std::size_t probe = 0;
      while (slots_[probes[probe]] != 0) ++probe;
      slots_[probes[probe]] = static_cast<std::uint32_t>(row + 1);
    }
  }

  std::vector<Row>& rows_;
  std::size_t first_;  ///< rows before it were there already and are never found
  /// Numbers of rows, counted from 1; 0: free. Nothing else: each MB of fresh memory costs 0.4 ms.
  ZeroedArray<std::uint32_t> slots_;
};

/// Texts, each once; the views that it was given must outlive it.
class UniqueStrings {
 public:
  explicit UniqueStrings(std::vector<std::string>& strings) : strings_(strings) { index_.emplace("", 0); }
  StringIndex add(std::string_view text) {
    const auto [entry, added] = index_.try_emplace(text, static_cast<StringIndex>(strings_.size()));
    if (added) strings_.emplace_back(text);
    return entry->second;
  }

 private:
  std::vector<std::string>& strings_;
  std::unordered_map<std::string_view, StringIndex> index_;
};

/// `site` is of the same logical stack.
void merge(Site& into, const Site& site) {
  // The name of the site is that of what allocates here; frees on the same line do not change it.
  if (site.allocations > into.allocations) into.hook = site.hook;
  add_figures(into, site);
}

class Assembly {
 public:
  /// Takes the sites out of `captured`.
  Assembly(CapturedProcess& captured, const UsedCode& code, const std::vector<FrameChain>& chains)
      : captured_(captured), code_(code), chains_(chains) {}

  void add_modules(const std::vector<bool>& symbols_found) {
    for (std::size_t i = 0; i < code_.images.size(); ++i) {
      const ModuleImage& image = code_.images[i];
      profile_.modules.push_back({strings_.add(image.path), strings_.add(image.build_id), symbols_found[i]});
    }
  }
  void add_stacks();
  void add_sites();
  /// `row_of` tells the profile's site of each captured one.
  void add_tick_changes(const std::vector<std::uint32_t>& row_of);
  void add_types();
  void add_threads() {
    for (Thread thread : captured_.threads) {
      thread.name = strings_.add(captured_.thread_names[thread.name]);
      profile_.threads.push_back(thread);
    }
  }
  void add_scopes() {
    for (Scope scope : captured_.scopes) {
      scope.name = strings_.add(captured_.scope_names[scope.name]);
      profile_.scopes.push_back(scope);
    }
  }
  void add_snapshots() {
    for (SnapshotMark mark : captured_.snapshots) {
      mark.name = strings_.add(captured_.snapshot_names[mark.name]);
      profile_.snapshots.push_back(mark);
    }
  }
  void count_unresolved() {
    profile_.capture.unresolved_frames = static_cast<std::uint64_t>(std::count_if(
        profile_.frames.begin(), profile_.frames.end(), [](const Frame& frame) { return frame.function == 0; }));
  }
  Profile& profile() { return profile_; }

 private:
  /// Moves the captured sites over and returns the profile's row of each.
  std::vector<std::uint32_t> add_sites(std::vector<Site>& captured, std::vector<Site>& sites);
  NodeIndex add_code(NodeIndex parent, const CapturedStack& node, std::uint32_t location);
  std::span<const FrameIndex> frames_of(std::uint32_t location);
  void add_frames(std::uint32_t location);
  void add_facts(FrameIndex frame, const SourceFrame& source);

  CapturedProcess& captured_;
  const UsedCode& code_;
  const std::vector<FrameChain>& chains_;
  Profile profile_;
  UniqueStrings strings_{profile_.strings};
  UniqueRows<Frame, HashFrame> frames_{profile_.frames};
  UniqueRows<StackNode, HashStackNode> nodes_{profile_.stacks};
  std::vector<NodeIndex> node_of_;  ///< by wire::StackId

  struct Range {
    std::size_t begin = 0, end = 0;
  };
  std::vector<Range> chain_of_;  ///< by location, into chain_frames_; empty: not needed so far
  std::vector<FrameIndex> chain_frames_;
  std::vector<FrameFacts> facts_;  ///< by row of profile_.frames
  TextPool type_texts_;
};

void Assembly::add_stacks() {
  chain_of_.resize(code_.locations.size());
  nodes_.expect(static_cast<std::size_t>(std::count(code_.needed.begin(), code_.needed.end(), true)));
  node_of_.assign(captured_.stacks.size(), kLostRoot);
  node_of_[wire::kRootComplete] = kCompleteRoot;
  node_of_[wire::kRootCutDepth] = kCutRoot;
  node_of_[wire::kRootCutUnwind] = kCutRoot;
  // Parents are lower than their children, here and in the profile.
  for (std::size_t id = wire::kFirstNode; id < captured_.stacks.size(); ++id) {
    const CapturedStack& node = captured_.stacks[id];
    if (code_.needed[id]) node_of_[id] = add_code(node_of_[node.parent], node, code_.location_of[id]);
  }
}

NodeIndex Assembly::add_code(NodeIndex parent, const CapturedStack& node, std::uint32_t location) {
  if (location == kNoIndex) {
    Frame frame;
    frame.offset = node.address;
    return nodes_.add({parent, frames_.add(frame)});
  }
  for (const FrameIndex frame : frames_of(location)) parent = nodes_.add({parent, frame});
  return parent;
}

/// From the outside in.
std::span<const FrameIndex> Assembly::frames_of(std::uint32_t location) {
  Range& range = chain_of_[location];
  if (range.begin == range.end) {
    range.begin = chain_frames_.size();
    add_frames(location);
    range.end = chain_frames_.size();
  }
  return std::span(chain_frames_).subspan(range.begin, range.end - range.begin);
}

void Assembly::add_frames(std::uint32_t location) {
  const FrameChain& chain = chains_[location];
  // The chain begins inside; the stack grows from the outside.
  for (auto source = chain.rbegin(); source != chain.rend(); ++source) {
    Frame frame;
    frame.function = strings_.add(source->function);
    frame.file = strings_.add(source->file);
    frame.line = source->line;
    frame.function_line = source->function_line;
    frame.module = code_.locations[location].module;
    frame.inlined = source->inlined;
    frame.nearest = source->nearest;
    // Of frames with a proper name it would only keep apart what is the same to a reader.
    if (frame.function == 0 || frame.nearest) frame.offset = code_.locations[location].address;
    chain_frames_.push_back(frames_.add(frame));
    add_facts(chain_frames_.back(), *source);
  }
}

void Assembly::add_facts(FrameIndex frame, const SourceFrame& source) {
  if (frame >= facts_.size()) facts_.resize(frame + 1);
  FrameFacts& facts = facts_[frame];
  facts.argument = source.argument;
  facts.argument_bytes = source.argument_bytes;
  facts.returns_any_pointer = facts.returns_any_pointer || source.returns_any_pointer;
  for (const TypeHint& hint : source.hints) {
    if (std::find(facts.hints.begin(), facts.hints.end(), hint) == facts.hints.end()) facts.hints.push_back(hint);
  }
}

void Assembly::add_sites() {
  add_tick_changes(add_sites(captured_.sites, profile_.sites));
  add_sites(captured_.mapped_sites, profile_.mapped_sites);
}

std::vector<std::uint32_t> Assembly::add_sites(std::vector<Site>& captured, std::vector<Site>& sites) {
  std::vector<StringIndex> hooks;
  for (const std::string& name : captured_.hook_names) hooks.push_back(strings_.add(name));
  std::vector<std::uint32_t> site_of(profile_.stacks.size(), kNoIndex);
  std::vector<std::uint32_t> row_of;
  row_of.reserve(captured.size());
  std::uint32_t rows = 0;
  for (Site& site : captured) {
    site.stack = node_of_[site.stack];
    site.hook = hooks[site.hook];
    std::uint32_t& row = site_of[site.stack];
    if (row != kNoIndex) {
      merge(captured[row], site);
    } else {
      row = rows++;
      // Few are equal to another, so nearly all are in their place already.
      if (&captured[row] != &site) captured[row] = std::move(site);
    }
    row_of.push_back(row);
  }
  captured.resize(rows);
  sites = std::move(captured);
  return row_of;
}

/// Of the logical stacks, so that all that was allocated at one has one type.
void Assembly::add_types() {
  facts_.resize(profile_.frames.size());
  std::map<std::tuple<StringIndex, StringIndex, StringIndex, std::uint64_t, TypeEvidence>, std::uint32_t> known;
  std::unordered_map<const FoundType*, std::uint32_t> rows;
  SiteTypes finder(profile_, facts_);
  const auto text = [&](const std::string& name) { return strings_.add(type_texts_.intern(name)); };
  for (Site& site : profile_.sites) {
    const FoundType* const found = finder.of(site);
    if (found == nullptr) continue;
    const auto [row, is_first] = rows.try_emplace(found);
    if (is_first) {
      const Type type{text(found->name), text(found->raw_name), text(found->part), found->raw_bytes, found->evidence};
      const auto [entry, is_new] = known.try_emplace({type.name, type.raw_name, type.part, type.size, type.evidence},
                                                     static_cast<std::uint32_t>(profile_.types.size()));
      if (is_new) profile_.types.push_back(type);
      row->second = entry->second;
    }
    site.type = row->second;
  }
}

void Assembly::add_tick_changes(const std::vector<std::uint32_t>& row_of) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<std::int64_t, std::int64_t>> sums;
  std::vector<std::int64_t> live(profile_.sites.size());
  bool possible = true;
  for (const TickChange& change : captured_.tick_changes) {
    auto& [blocks, bytes] = sums[{change.tick, row_of[change.site]}];
    blocks += change.live_blocks;
    possible = possible && !__builtin_add_overflow(bytes, change.live_bytes, &bytes);
  }
  for (const auto& [key, sum] : sums) {
    if (sum.first == 0 && sum.second == 0) continue;
    std::int64_t& now = live[key.second];
    possible = possible && !__builtin_add_overflow(now, sum.second, &now) && now >= 0;
    profile_.tick_changes.push_back({key.first, key.second, sum.first, sum.second});
  }
  // Blocks of exabytes, as only a damaged region has them: no sums that a profile may hold.
  if (!possible) profile_.tick_changes.clear();
}

/// Stamps of different threads, and more so those of a damaged region, may fall a little from one round of reading to
/// the next; a profile's tables promise that they never do.
template <typename Row>
void make_times_rise(std::vector<Row>& rows) {
  for (std::size_t i = 1; i < rows.size(); ++i) rows[i].time_s = std::max(rows[i].time_s, rows[i - 1].time_s);
}

}  // namespace

Profile assemble_profile(CapturedProcess&& captured, const UsedCode& code, const std::vector<FrameChain>& chains,
                         const std::vector<bool>& symbols_found) {
  Assembly assembly(captured, code, chains);
  Profile& profile = assembly.profile();
  profile.capture = captured.capture;
  assembly.add_modules(symbols_found);
  assembly.add_stacks();
  captured.await_sites();
  assembly.add_sites();
  assembly.add_types();
  assembly.add_threads();
  assembly.add_scopes();
  assembly.add_snapshots();
  assembly.count_unresolved();
  profile.generator = "memprof " MEMPROF_VERSION;
  profile.process = std::move(captured.process);
  if (captured.snapshot.kind != SnapshotKind::kNone) profile.snapshot = std::move(captured.snapshot);
  profile.totals = captured.totals;
  profile.mapped_totals = captured.mapped_totals;
  profile.timeline = std::move(captured.timeline);
  profile.memory = std::move(captured.memory);
  profile.ticks = std::move(captured.ticks);
  profile.scope_calls = std::move(captured.scope_calls);
  make_times_rise(profile.timeline);
  make_times_rise(profile.memory);
  make_times_rise(profile.ticks);
  make_times_rise(profile.snapshots);
  note_degradation(profile);
  return std::move(profile);
}

}  // namespace memprof::collect
