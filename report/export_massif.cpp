#include "report/export_massif.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "report/caller_tree.hpp"

namespace memprof::report {
namespace {

constexpr std::size_t kMostPoints = 98;  // the peak and the end make it 100
constexpr double kMillisecondsPerSecond = 1e3;

enum class Tree : std::uint8_t { kEmpty, kPeak, kDetailed };

struct Snapshot {
  std::int64_t time_ms = 0;
  std::uint64_t bytes = 0;
  Tree tree = Tree::kEmpty;
};

std::int64_t milliseconds(double seconds) { return std::llround(std::max(seconds, 0.0) * kMillisecondsPerSecond); }

/// Of each run of points the one with the largest heap, so that no spike gets lost.
std::vector<Snapshot> thinned(const std::vector<TimelinePoint>& timeline) {
  std::vector<Snapshot> snapshots;
  const std::size_t run = (timeline.size() + kMostPoints - 1) / kMostPoints;
  for (std::size_t begin = 0; begin < timeline.size(); begin += run) {
    const auto first = timeline.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = timeline.begin() + static_cast<std::ptrdiff_t>(std::min(begin + run, timeline.size()));
    const auto largest = std::max_element(
        first, last, [](const TimelinePoint& a, const TimelinePoint& b) { return a.live_bytes < b.live_bytes; });
    snapshots.push_back({milliseconds(largest->time_s), largest->live_bytes, Tree::kEmpty});
  }
  return snapshots;
}

std::vector<Snapshot> all_snapshots(const Profile& profile, std::uint64_t peak_bytes, std::uint64_t live_bytes) {
  std::vector<Snapshot> snapshots = thinned(profile.timeline);
  const Snapshot peak{milliseconds(profile.totals.peak_time_s), peak_bytes, Tree::kPeak};
  const auto later = [](const Snapshot& a, const Snapshot& b) { return a.time_ms < b.time_ms; };
  snapshots.insert(std::upper_bound(snapshots.begin(), snapshots.end(), peak, later), peak);
  const std::int64_t end = std::max(milliseconds(profile.process.duration_s), snapshots.back().time_ms);
  snapshots.push_back({end, live_bytes, Tree::kDetailed});
  return snapshots;
}

/// ms_print takes "#" for the start of a comment; demangled lambdas have it.
std::string without_comment_sign(std::string text) {
  std::replace(text.begin(), text.end(), '#', '@');
  return text;
}

/// "0x4010: ", the ELF address of one of the frames; empty for those that are missing.
std::string address(const Profile& profile, const StackLabel& label) {
  if (label.example == kNoIndex) return {};
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%" PRIX64 ": ", profile.frames[label.example].offset);
  return text.data();
}

class TreeWriter {
 public:
  TreeWriter(const Profile& profile, const LabelledStacks& stacks, TextOutput& out)
      : profile_(profile), stacks_(stacks), out_(out) {}

  void write(const CallerTree::Node& node, std::size_t depth) {
    out_.raw(std::string(depth, ' ') + "n");
    out_.number(node.children.size() + (node.left_out_places > 0 ? 1 : 0));
    out_.raw(": ");
    out_.number(node.bytes);
    out_.raw(depth == 0 ? " (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
                        : " " + place(node) + "\n");
    for (const CallerTree::Node& child : node.children) write(child, depth + 1);
    if (node.left_out_places == 0) return;
    const bool one = node.left_out_places == 1;
    out_.raw(std::string(depth + 1, ' ') + "n0: ");
    out_.number(node.left_out_bytes);
    out_.raw(" in " + std::to_string(node.left_out_places) + (one ? " place, below" : " places, all below") +
             " massif's threshold (1.00%)\n");
  }

 private:
  std::string place(const CallerTree::Node& node) const {
    const StackLabel& label = stacks_.labels()[node.label];
    return address(profile_, label) + without_comment_sign(label.text);
  }

  const Profile& profile_;
  const LabelledStacks& stacks_;
  TextOutput& out_;
};

void write_snapshot(std::size_t number, const Snapshot& snapshot, TextOutput& out) {
  const auto line = [&](std::string_view key, auto value) {
    out.raw(key);
    out.number(value);
    out.raw("\n");
  };
  out.raw("#-----------\n");
  line("snapshot=", number);
  out.raw("#-----------\n");
  line("time=", snapshot.time_ms);
  line("mem_heap_B=", snapshot.bytes);
  out.raw("mem_heap_extra_B=0\nmem_stacks_B=0\n");
}

}  // namespace

Result<void> export_massif(const Profile& profile, const ByteSink& sink) {
  const LabelledStacks stacks(profile, [&](const Frame& frame) { return function_and_place(profile, frame); });
  const std::vector<Sums> sums = stacks.sums(profile);
  const CallerTree at_peak(stacks, sums, Metric::kPeak);
  const CallerTree at_end(stacks, sums, Metric::kLive);
  TextOutput out(sink);
  out.raw("desc: exported by " + one_line(profile.generator) + "\ncmd: ");
  std::string command;
  for (const std::string& word : profile.process.command) command += (command.empty() ? "" : " ") + word;
  out.raw(without_comment_sign(one_line(command.empty() ? profile.process.program : command)));
  out.raw("\ntime_unit: ms\n");
  TreeWriter trees(profile, stacks, out);
  std::size_t number = 0;
  for (const Snapshot& snapshot : all_snapshots(profile, at_peak.root().bytes, at_end.root().bytes)) {
    write_snapshot(number++, snapshot, out);
    if (snapshot.tree == Tree::kEmpty) {
      out.raw("heap_tree=empty\n");
      continue;
    }
    const bool is_peak = snapshot.tree == Tree::kPeak;
    out.raw(is_peak ? "heap_tree=peak\n" : "heap_tree=detailed\n");
    trees.write((is_peak ? at_peak : at_end).root(), 0);
  }
  return out.finish();
}

}  // namespace memprof::report
