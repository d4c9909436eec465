#include "cli/run_command_tree.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cli/printable.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kMostRows = 20;
constexpr std::size_t kNamesShown = 4;
constexpr std::size_t kDeepest = 8;  // levels of indentation
constexpr std::size_t kWidestName = 40, kNarrowestName = 16;
constexpr std::size_t kFigures = 8 + 11 + 11 + 12;  // columns of pid, own peak, share of the common peak, allocations

std::string counted(std::size_t count, const char* one, const char* many) {
  return format_count(count) + ' ' + (count == 1 ? one : many);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    text += (i > 0 ? ", " : "") + printable(names[i]);
  }
  return names.size() > kNamesShown ? text + ", …" : text;
}

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// The tree as it is shown: rows of the index that are large enough, each below the nearest one that is shown too.
class Outline {
 public:
  explicit Outline(const ProcessTree& tree)
      : tree_(tree), above_(tree.processes.size(), kNoIndex), became_(tree.processes.size(), kNoIndex) {
    for (std::uint32_t row = 0; row < tree.processes.size(); ++row) {
      if (tree.processes[row].replaced != kNoIndex) became_[tree.processes[row].replaced] = row;
    }
    choose();
    for (std::uint32_t row = 0; row < tree.processes.size(); ++row) {
      above_[row] = shown_above(row);
      if (shown_.count(row) != 0) below_[above_[row]].push_back(row);
    }
  }

  /// Calls visit(row, depth) for each shown row, those that it started after it.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    visit_below(kNoIndex, 0, visit);
  }
  std::size_t hidden_profiles() const { return hidden_profiles_; }

 private:
  void choose() {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < tree_.processes.size(); ++row) {
      if (!tree_.processes[row].profile.empty()) rows.push_back(row);
    }
    if (rows.size() > kMostRows) {
      hidden_profiles_ = rows.size() - kMostRows;
      std::stable_sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
        return tree_.processes[a].peak_bytes > tree_.processes[b].peak_bytes;
      });
      rows.resize(kMostRows);
    }
    shown_.insert(rows.begin(), rows.end());
  }

  /// Through processes that are not shown, and through what a process was before its exec.
  std::uint32_t shown_above(std::uint32_t row) const {
    const TreeProcess* entry = &tree_.processes[row];
    std::uint32_t parent = entry->parent;
    while (parent != kNoIndex && shown_.count(parent) == 0) {
      const std::uint32_t later = shown_successor(parent);
      if (later != kNoIndex && later < row) return later;
      parent = tree_.processes[parent].parent;
    }
    return parent;
  }

  /// What the process became by exec, if that is shown.
  std::uint32_t shown_successor(std::uint32_t row) const {
    for (row = became_[row]; row != kNoIndex && shown_.count(row) == 0; row = became_[row]) {
    }
    return row;
  }

  template <typename Visit>
  void visit_below(std::uint32_t above, std::size_t depth, const Visit& visit) const {
    const auto rows = below_.find(above);
    if (rows == below_.end()) return;
    for (const std::uint32_t row : rows->second) {
      visit(row, depth);
      visit_below(row, depth + 1, visit);
    }
  }

  const ProcessTree& tree_;
  std::set<std::uint32_t> shown_;
  std::vector<std::uint32_t> above_, became_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> below_;
  std::size_t hidden_profiles_ = 0;
};

std::string row_text(const std::string& name, const std::string& pid, const std::string& own, const std::string& common,
                     const std::string& allocations, std::size_t width) {
  return "  " + padded_right(shortened_middle(name, width), width) + padded_left(pid, 8) + padded_left(own, 11) +
         padded_left(common, 11) + padded_left(allocations, 12);
}

void add_rows(const ProcessTree& tree, const Outline& outline, const SummaryStyle& style,
              std::vector<std::string>& lines) {
  const auto name_of = [&](std::uint32_t row, std::size_t depth) {
    const TreeProcess& entry = tree.processes[row];
    return std::string(2 * std::min(depth, kDeepest), ' ') + printable(entry.process.program) +
           (entry.complete ? "" : " (partial)");
  };
  std::size_t width = kNarrowestName;
  outline.for_each(
      [&](std::uint32_t row, std::size_t depth) { width = std::max(width, display_width(name_of(row, depth))); });
  width = std::min(width, kWidestName);
  const std::size_t room = style.width > kFigures + 2 ? style.width - kFigures - 2 : kNarrowestName;
  if (style.width > 0) width = std::min(width, std::max(room, kNarrowestName));
  lines.push_back(row_text("process", "pid", "own peak", "its part", "allocations", width));
  outline.for_each([&](std::uint32_t row, std::size_t depth) {
    const TreeProcess& entry = tree.processes[row];
    lines.push_back(row_text(name_of(row, depth), std::to_string(entry.process.pid), format_size(entry.peak_bytes),
                             format_size(entry.tree_peak_bytes), format_count(entry.allocations), width));
  });
}

/// What the library was not loaded in. Programs that the user left out are not news to the user.
void add_unrecorded(const ProcessTree& tree, const SummaryStyle& style, std::vector<std::string>& lines) {
  struct Names {
    std::size_t count = 0;
    std::vector<std::string> programs;
  };
  std::map<std::string, Names> by_reason;
  for (const TreeProcess& entry : tree.processes) {
    if (entry.recorded || entry.unrecorded_reason.find("--only") != std::string::npos) continue;
    Names& names = by_reason[entry.unrecorded_reason];
    ++names.count;
    add_name(names.programs, entry.process.program);
  }
  for (const auto& [reason, names] : by_reason) {
    const std::string count = names.count > 1 ? " (" + format_count(names.count) + " times)" : std::string();
    const std::string text = joined(names.programs) + count + (names.count > 1 ? ", each " : " ") + printable(reason);
    for (const std::string& line : wrapped("  not recorded: ", text, style.width)) lines.push_back(line);
  }
}

}  // namespace

std::vector<std::string> list_tree(const ProcessTree& tree, const SummaryStyle& style) {
  std::vector<std::string> lines;
  if (tree.processes.size() < 2) return lines;
  std::set<std::int32_t> processes;
  std::size_t small = 0;
  std::vector<std::string> small_programs;
  for (const TreeProcess& entry : tree.processes) {
    processes.insert(entry.process.pid);
    if (!entry.recorded || !entry.profile.empty() || entry.process.end_kind == EndKind::kReplaced) continue;
    ++small;
    add_name(small_programs, entry.process.program);
  }
  std::string title = counted(processes.size(), "process", "processes") + ", peak of all together " +
                      format_size(tree.peak_bytes) + " after " + format_duration(tree.peak_time_s);
  if (!tree.peak_exact) title += " (not exact)";
  lines.push_back(style.colour ? "\033[1m" + title + "\033[0m" : title);
  if (tree.least_peak_bytes < tree.peak_bytes) {
    for (const std::string& line :
         wrapped("  ", "at least " + format_size(tree.least_peak_bytes) + ": when a process ended is not known exactly",
                 style.width)) {
      lines.push_back(line);
    }
  }
  const Outline outline(tree);
  add_rows(tree, outline, style, lines);
  if (outline.hidden_profiles() > 0) {
    lines.push_back("  and " + format_count(outline.hidden_profiles()) + " smaller ones, each with its profile");
  }
  if (small > 0) {
    const std::string text =
        counted(small, "process", "processes") + " that allocated next to nothing (" + joined(small_programs) + ')';
    for (const std::string& line : wrapped("  and ", text, style.width)) lines.push_back(line);
  }
  add_unrecorded(tree, style, lines);
  return lines;
}

}  // namespace memprof::cli
