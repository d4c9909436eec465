#include "cli/diff_text.hpp"

#include "cli/grouping_options.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/stack_text.hpp"
#include "cli/style.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

std::int64_t change(std::uint64_t before, std::uint64_t after) {
  return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
}

std::string signed_count(std::int64_t count) {
  const std::string digits = std::to_string(count);
  return count < 0 ? digits : "+" + digits;
}

/// tracemalloc's StatisticDiff. Temporary allocations are counted only.
std::string figures(const report::DiffRow& row, report::Metric metric) {
  const std::string count = "count=" + std::to_string(row.after.count) + " (" + signed_count(row.count_change()) + ")";
  if (metric == report::Metric::kTemporary) return count;
  const std::string text =
      "size=" + format_size(row.after.bytes) + " (" + format_size_change(row.size_change()) + "), " + count;
  return row.after.count == 0 ? text : text + ", average=" + format_average(row.after.bytes, row.after.count);
}

void print_total(std::ostream& out, const std::string& label, const std::string& before, const std::string& after,
                 const std::string& difference) {
  constexpr std::size_t kLabel = 22, kFigure = 14;
  out << padded_right(label, kLabel) << padded_left(before, kFigure) << padded_left(after, kFigure)
      << padded_left(difference, kFigure) << '\n';
}

void print_bytes(std::ostream& out, const std::string& label, std::uint64_t before, std::uint64_t after) {
  print_total(out, label, format_size(before), format_size(after), format_size_change(change(before, after)));
}

void print_count(std::ostream& out, const std::string& label, std::uint64_t before, std::uint64_t after) {
  print_total(out, label, std::to_string(before), std::to_string(after), signed_count(change(before, after)));
}

std::string diff_heading(const report::Diff& diff, const report::GroupOptions& options, EndKind end) {
  report::DiffRow total;
  total.before = diff.before;
  total.after = diff.after;
  return grouping_heading(options, end) + ": " + figures(total, options.metric);
}

std::string plural(std::size_t count, const std::string& noun) {
  return format_count(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string row_remark(const report::DiffRow& row) {
  return row.moved_from == 0 ? "" : ", was line " + std::to_string(row.moved_from);
}

std::string increment_text(const std::optional<std::int64_t>& increment) {
  return increment ? format_mib(*increment) : "";
}

void print_function(const DiffView& view, const report::FunctionDiff& diff, Console& console) {
  std::ostream& out = console.out;
  const report::FunctionTable& function = diff.function;
  out << "Filename: " << printable(display_path(function.source_path.empty() ? function.file : function.source_path))
      << (diff.vanished ? "  (only in the old profile)" : "") << "\n\n";
  const std::string header = "Line #    Increment    Increment       Change   Line Contents";
  out << bold("                 before        after", console.out_terminal) << '\n'
      << bold(header, console.out_terminal) << '\n'
      << std::string(header.size(), '=') << '\n';
  for (const report::LineDiffRow& row : diff.rows) {
    const bool any = row.old_increment || row.new_increment;
    std::string text = padded_left(std::to_string(row.line), 6) + " " +
                       padded_left(increment_text(row.old_increment), 12) + " " +
                       padded_left(increment_text(row.new_increment), 12) + " " +
                       padded_left(any ? format_size_change(row.change()) : "", 12) + "    ";
    const bool unreadable = function.source_path.empty() || (diff.vanished && function.source_changed);
    text += unreadable ? "(source not readable) " + printable(function.function) : printable_source(row.text);
    if (row.moved_from != 0) text += "  (was line " + std::to_string(row.moved_from) + ")";
    out << shortened_end(text, view.width) << '\n';
  }
}

}  // namespace

std::string diff_notes(const DiffView& view) {
  std::string notes;
  if (const std::string note = capture_note(view.old_profile); !note.empty()) notes += "Old profile: " + note;
  if (const std::string note = capture_note(view.new_profile); !note.empty()) notes += "New profile: " + note;
  const Process& before = view.old_profile.process;
  const Process& after = view.new_profile.process;
  if (before.program != after.program) {
    notes += "Note: different programs are compared: " + printable(before.program) + " and " +
             printable(after.program) + "\n";
  }
  return notes;
}

void print_totals(const DiffView& view, report::Domain domain, Console& console) {
  const bool mapped = domain == report::Domain::kMapped;
  const Totals& before = report::totals_in(view.old_profile, domain);
  const Totals& after = report::totals_in(view.new_profile, domain);
  std::ostream& out = console.out;
  print_total(out, "", "old", "new", "change");
  print_bytes(out, mapped ? "Mapped" : "Allocated", before.allocated_bytes, after.allocated_bytes);
  print_count(out, mapped ? "  mappings" : "  allocations", before.allocations, after.allocations);
  print_bytes(out, "Peak", before.peak_bytes, after.peak_bytes);
  print_count(out, "  blocks", before.peak_blocks, after.peak_blocks);
  const bool over = view.new_profile.process.end_kind != EndKind::kStillRunning;
  const char* const unfreed = over ? "Unfreed at exit" : "Not freed so far";
  const char* const still_mapped = over ? "Mapped at exit" : "Mapped so far";
  print_bytes(out, mapped ? still_mapped : unfreed, before.live_bytes, after.live_bytes);
  print_count(out, "  blocks", before.live_blocks, after.live_blocks);
  if (!mapped) print_count(out, "Temporary allocations", before.temporary_allocations, after.temporary_allocations);
}

void print_diff(const DiffView& view, const report::Diff& diff, const report::GroupOptions& options, Console& console) {
  std::ostream& out = console.out;
  out << bold(diff_heading(diff, options, view.new_profile.process.end_kind), console.out_terminal) << '\n';
  StackText new_stacks(view.new_profile, view.source_directories, console.out_terminal, view.width);
  StackText old_stacks(view.old_profile, view.source_directories, console.out_terminal, view.width);
  const std::size_t shown = rows_to_show(diff.rows.size(), view.shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const report::DiffRow& row = diff.rows[i];
    out << row_line(row.name, figures(row, options.metric) + row_remark(row), view.width) << '\n';
    if (options.by != report::GroupBy::kStack) continue;
    // What both stacks have in common is printed once; only lines that differ name the old one.
    out << (row.new_stack != kNoIndex ? new_stacks.of(row.new_stack, {&view.old_profile, row.old_stack})
                                      : old_stacks.of(row.old_stack));
  }
  if (shown < diff.rows.size()) out << plural(diff.rows.size() - shown, "more row") << " changed; '-n 0' shows all\n";
  out << (diff.rows.empty() ? "No row changed" : plural(diff.unchanged, "row") + " unchanged") << '\n';
}

void print_line_diff(const DiffView& view, const std::vector<report::FunctionDiff>& functions, Console& console) {
  std::ostream& out = console.out;
  if (functions.empty()) out << "No line changed its increment.\n";
  const std::size_t shown = rows_to_show(functions.size(), view.shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out << "\n\n";
    print_function(view, functions[i], console);
  }
  if (shown < functions.size()) {
    out << "\n\n" << plural(functions.size() - shown, "more function") << " changed; '-n 0' shows all\n";
  }
}

}  // namespace memprof::cli
