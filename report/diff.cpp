#include "report/diff.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace memprof::report {
namespace {

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

void add(Measure& sum, const Measure& more) {
  sum.bytes += more.bytes;
  sum.count += more.count;
}

/// Rows of both groupings, joined where `old_key` and `new_key` give equal numbers.
class Joiner {
 public:
  using Key = std::function<std::uint64_t(const GroupRow&)>;

  void add_new(std::vector<GroupRow>& rows, const Key& key) {
    joined_.reserve(rows.size());
    for (GroupRow& row : rows) {
      DiffRow& joined = at(key(row), row.name);
      add(joined.after, row.measure);
      joined.new_frame = row.frame;
      joined.new_stack = row.stack;
    }
  }

  void add_old(std::vector<GroupRow>& rows, const Key& key) {
    for (GroupRow& row : rows) {
      DiffRow& joined = at(key(row), row.name);
      add(joined.before, row.measure);
      joined.old_frame = row.frame;
      joined.old_stack = row.stack;
    }
  }

  std::vector<DiffRow> take() { return std::move(joined_); }

 private:
  /// Takes the name only for a new row.
  DiffRow& at(std::uint64_t key, std::string& name) {
    const auto [entry, inserted] = index_.try_emplace(key, joined_.size());
    if (inserted) {
      joined_.emplace_back();
      joined_.back().name = std::move(name);
    }
    return joined_[entry->second];
  }

  std::vector<DiffRow> joined_;
  std::unordered_map<std::uint64_t, std::size_t> index_;
};

PlaceKind place_kind(GroupBy by) {
  switch (by) {
    case GroupBy::kFunction:
      return PlaceKind::kFunction;
    case GroupBy::kFile:
      return PlaceKind::kFile;
    case GroupBy::kModule:
      return PlaceKind::kModule;
    default:
      return PlaceKind::kLine;
  }
}

/// Stacks through the same functions whose lines couldn't be told to be the same: a stack that vanished and the only
/// new one like it are one stack.
void join_by_functions(DiffSide old_side, DiffSide new_side, std::vector<DiffRow>& rows) {
  struct Alike {
    std::vector<std::size_t> olds, news;  // rows
  };
  const auto is_vanished = [](const DiffRow& row) { return row.new_stack == kNoIndex; };
  const auto is_new = [](const DiffRow& row) { return row.old_stack == kNoIndex; };
  if (std::none_of(rows.begin(), rows.end(), is_vanished) || std::none_of(rows.begin(), rows.end(), is_new)) return;
  const SharedStacks shared = share_stacks(old_side, new_side, true);
  std::unordered_map<std::uint32_t, Alike> alike;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (is_vanished(rows[i])) alike[shared.of_old_node[rows[i].old_stack]].olds.push_back(i);
    if (is_new(rows[i])) alike[shared.of_new_node[rows[i].new_stack]].news.push_back(i);
  }
  std::vector<bool> gone(rows.size(), false);
  for (const auto& [number, both] : alike) {
    if (both.olds.size() != 1 || both.news.size() != 1) continue;
    const DiffRow& vanished = rows[both.olds[0]];
    DiffRow& row = rows[both.news[0]];
    row.before = vanished.before;
    row.old_frame = vanished.old_frame;
    row.old_stack = vanished.old_stack;
    gone[both.olds[0]] = true;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) rows[kept] = std::move(rows[i]);
    ++kept;
  }
  rows.resize(kept);
}

/// Thread numbers differ from run to run, so threads of one name are one group.
void name_without_number(GroupRow& row) {
  const std::size_t open = row.name.find(" (");
  row.name = open == std::string::npos ? "threads without a name" : "thread" + row.name.substr(open);
}

std::vector<DiffRow> join(DiffSide old_side, DiffSide new_side, GroupBy by, Grouping& before, Grouping& after) {
  Joiner joiner;
  if (by == GroupBy::kStack) {
    const SharedStacks shared = share_stacks(old_side, new_side);
    joiner.add_new(after.rows, [&](const GroupRow& row) { return shared.of_new_node[row.stack]; });
    joiner.add_old(before.rows, [&](const GroupRow& row) { return shared.of_old_node[row.stack]; });
    std::vector<DiffRow> rows = joiner.take();
    join_by_functions(old_side, new_side, rows);
    return rows;
  }
  if (by == GroupBy::kThread) {
    std::unordered_map<std::string, std::uint64_t> names;
    const auto key = [&](const GroupRow& row) { return names.try_emplace(row.name, names.size()).first->second; };
    for (GroupRow& row : after.rows) name_without_number(row);
    for (GroupRow& row : before.rows) name_without_number(row);
    joiner.add_new(after.rows, key);
    joiner.add_old(before.rows, key);
  } else if (by == GroupBy::kType) {
    // Types by name; where the type is unknown, the lines that stand for it.
    constexpr std::uint64_t kNames = std::uint64_t{1} << 40;
    const SharedPlaces shared = share_places(old_side, new_side, PlaceKind::kLine);
    std::unordered_map<std::string, std::uint64_t> names;
    const auto key = [&](const std::vector<std::uint32_t>& of_frame) {
      return [&](const GroupRow& row) {
        if (row.frame != kNoIndex) return std::uint64_t{of_frame[row.frame]};
        return kNames + names.try_emplace(row.name, names.size()).first->second;
      };
    };
    joiner.add_new(after.rows, key(shared.of_new_frame));
    joiner.add_old(before.rows, key(shared.of_old_frame));
  } else {
    const SharedPlaces shared = share_places(old_side, new_side, place_kind(by));
    const auto key = [&](const std::vector<std::uint32_t>& of_frame) {
      return [&](const GroupRow& row) { return row.frame == kNoIndex ? kNoIndex : of_frame[row.frame]; };
    };
    joiner.add_new(after.rows, key(shared.of_new_frame));
    joiner.add_old(before.rows, key(shared.of_old_frame));
  }
  return joiner.take();
}

void mark_moved(const Profile& old_profile, const Profile& new_profile, std::vector<DiffRow>& rows) {
  for (DiffRow& row : rows) {
    if (row.old_frame == kNoIndex || row.new_frame == kNoIndex) continue;
    const std::uint32_t from = old_profile.frames[row.old_frame].line;
    if (from != new_profile.frames[row.new_frame].line) row.moved_from = from;
  }
}

/// tracemalloc's order.
void sort_rows(std::vector<DiffRow>& rows) {
  std::sort(rows.begin(), rows.end(), [](const DiffRow& a, const DiffRow& b) {
    const std::uint64_t size_a = magnitude(a.size_change()), size_b = magnitude(b.size_change());
    if (size_a != size_b) return size_a > size_b;
    if (a.after.bytes != b.after.bytes) return a.after.bytes > b.after.bytes;
    const std::uint64_t count_a = magnitude(a.count_change()), count_b = magnitude(b.count_change());
    if (count_a != count_b) return count_a > count_b;
    if (a.after.count != b.after.count) return a.after.count > b.after.count;
    return a.name < b.name;
  });
}

}  // namespace

Result<Diff> diff_profiles(DiffSide old_side, DiffSide new_side, const GroupOptions& options) {
  auto before = group_sites(old_side.profile, options);
  if (!before) return tl::unexpected<Error>(std::move(before.error()));
  auto after = group_sites(new_side.profile, options);
  if (!after) return tl::unexpected<Error>(std::move(after.error()));
  Diff diff;
  diff.before = before->total;
  diff.after = after->total;
  diff.rows = join(old_side, new_side, options.by, *before, *after);
  const std::size_t all = diff.rows.size();
  std::erase_if(diff.rows, [](const DiffRow& row) { return row.size_change() == 0 && row.count_change() == 0; });
  diff.unchanged = all - diff.rows.size();
  if (options.by == GroupBy::kLine || options.by == GroupBy::kStack || options.by == GroupBy::kType) {
    mark_moved(old_side.profile, new_side.profile, diff.rows);
  }
  sort_rows(diff.rows);
  return diff;
}

}  // namespace memprof::report
