#include "report/line_diff.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace memprof::report {
namespace {

std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

/// Shared number of each source line of one profile.
class LineNumbers {
 public:
  LineNumbers(const Profile& profile, const std::vector<std::uint32_t>& of_frame) {
    for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
      const Frame& frame = profile.frames[i];
      if (frame.file == 0 || frame.line == 0) continue;
      by_file_[profile.text(frame.file)][frame.line] = of_frame[i];
    }
  }

  std::uint32_t of(const std::string& file, std::uint32_t line) const {
    const auto lines = by_file_.find(file);
    if (lines == by_file_.end()) return kNoIndex;
    const auto number = lines->second.find(line);
    return number == lines->second.end() ? kNoIndex : number->second;
  }

 private:
  std::unordered_map<std::string, std::unordered_map<std::uint32_t, std::uint32_t>> by_file_;
};

struct OldLine {
  std::uint32_t line = 0;
  std::int64_t increment = 0;
};

/// The lines with events of the old profile, and which of them have found a place beside a new one.
class OldLines {
 public:
  OldLines(const std::vector<FunctionTable>& tables, const LineNumbers& numbers) {
    for (const FunctionTable& table : tables) {
      for (const LineRow& row : table.rows) {
        if (!row.has_events) continue;
        const std::uint32_t number = numbers.of(table.file, row.line);
        by_number_[number] = {row.line, row.sums.increment()};
        // What is read from a source that has changed since is another line's text.
        if (!table.source_changed && !row.text.empty()) by_place_[table.file][row.line] = {number, row.text};
      }
    }
  }

  /// The same line in the old profile.
  const OldLine* same(std::uint32_t number) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) return nullptr;
    placed_.insert(number);
    return &found->second;
  }

  /// A line that nothing happens on any more, told by its place and text.
  const OldLine* silent(const std::string& file, std::uint32_t line, const std::string& text,
                        const std::unordered_set<std::uint32_t>& in_new) {
    const auto lines = by_place_.find(file);
    if (lines == by_place_.end()) return nullptr;
    const auto found = lines->second.find(line);
    if (found == lines->second.end() || found->second.text != text || in_new.contains(found->second.number)) {
      return nullptr;
    }
    return same(found->second.number);
  }

  bool is_placed(std::uint32_t number) const { return placed_.contains(number); }

 private:
  struct Known {
    std::uint32_t number = 0;
    std::string text;
  };
  std::unordered_map<std::uint32_t, OldLine> by_number_;
  std::unordered_map<std::string, std::unordered_map<std::uint32_t, Known>> by_place_;
  std::unordered_set<std::uint32_t> placed_;
};

std::unordered_set<std::uint32_t> numbers_with_events(const std::vector<FunctionTable>& tables,
                                                      const LineNumbers& numbers) {
  std::unordered_set<std::uint32_t> set;
  for (const FunctionTable& table : tables) {
    for (const LineRow& row : table.rows) {
      if (row.has_events) set.insert(numbers.of(table.file, row.line));
    }
  }
  return set;
}

FunctionDiff without_rows(FunctionTable& table) {
  FunctionDiff diff;
  diff.function = std::move(table);
  diff.function.rows.clear();
  return diff;
}

void keep_if_changed(FunctionDiff&& diff, std::vector<FunctionDiff>& kept) {
  for (const LineDiffRow& row : diff.rows) {
    if (magnitude(row.change()) > magnitude(diff.largest_change)) diff.largest_change = row.change();
  }
  if (diff.largest_change != 0) kept.push_back(std::move(diff));
}

/// A table of the new profile with the old increments beside its own.
FunctionDiff compare(FunctionTable& table, const LineNumbers& numbers, OldLines& old_lines,
                     const std::unordered_set<std::uint32_t>& in_new) {
  std::vector<LineRow> rows = std::move(table.rows);
  FunctionDiff diff = without_rows(table);
  for (LineRow& row : rows) {
    LineDiffRow compared;
    compared.line = row.line;
    if (row.has_events) compared.new_increment = row.sums.increment();
    const OldLine* old_line = row.has_events ? old_lines.same(numbers.of(diff.function.file, row.line))
                                             : old_lines.silent(diff.function.file, row.line, row.text, in_new);
    if (old_line != nullptr) {
      compared.old_increment = old_line->increment;
      if (old_line->line != row.line) compared.moved_from = old_line->line;
    }
    compared.text = std::move(row.text);
    diff.rows.push_back(std::move(compared));
  }
  return diff;
}

/// What an old table has and no new one.
FunctionDiff vanished(FunctionTable& table, const LineNumbers& numbers, const OldLines& old_lines) {
  std::vector<LineRow> rows = std::move(table.rows);
  FunctionDiff diff = without_rows(table);
  diff.vanished = true;
  for (LineRow& row : rows) {
    if (!row.has_events || old_lines.is_placed(numbers.of(diff.function.file, row.line))) continue;
    LineDiffRow gone;
    gone.line = row.line;
    if (!diff.function.source_changed) gone.text = std::move(row.text);  // else it is another line's
    gone.old_increment = row.sums.increment();
    diff.rows.push_back(std::move(gone));
  }
  return diff;
}

}  // namespace

Result<std::vector<FunctionDiff>> diff_lines(DiffSide old_side, DiffSide new_side, const LineTableOptions& old_options,
                                             const LineTableOptions& new_options) {
  auto old_tables = line_tables(old_side.profile, old_options);
  if (!old_tables) return tl::unexpected<Error>(std::move(old_tables.error()));
  auto new_tables = line_tables(new_side.profile, new_options);
  if (!new_tables) return tl::unexpected<Error>(std::move(new_tables.error()));
  const SharedPlaces shared = share_places(old_side, new_side, PlaceKind::kLine);
  const LineNumbers old_numbers(old_side.profile, shared.of_old_frame);
  const LineNumbers new_numbers(new_side.profile, shared.of_new_frame);
  OldLines old_lines(old_tables->functions, old_numbers);
  const std::unordered_set<std::uint32_t> in_new = numbers_with_events(new_tables->functions, new_numbers);
  std::vector<FunctionDiff> diffs;
  for (FunctionTable& table : new_tables->functions) {
    keep_if_changed(compare(table, new_numbers, old_lines, in_new), diffs);
  }
  for (FunctionTable& table : old_tables->functions) keep_if_changed(vanished(table, old_numbers, old_lines), diffs);
  std::sort(diffs.begin(), diffs.end(), [](const FunctionDiff& a, const FunctionDiff& b) {
    if (a.function.user_code != b.function.user_code) return a.function.user_code;
    const std::int64_t change_a = magnitude(a.largest_change), change_b = magnitude(b.largest_change);
    if (change_a != change_b) return change_a > change_b;
    return std::tie(a.function.file, a.rows.front().line) < std::tie(b.function.file, b.rows.front().line);
  });
  return diffs;
}

}  // namespace memprof::report
