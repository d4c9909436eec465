// `memprof lines`: memory_profiler's per-line table.

#include <memory>

#include "cli/commands.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/style.hpp"
#include "cli/units.hpp"
#include "report/line_table.hpp"

namespace memprof::cli {
namespace {

const Choices<report::Domain> kDomains = {{"heap", report::Domain::kHeap}, {"mapped", report::Domain::kMapped}};

struct LinesOptions {
  ReportOptions report;
  report::LineTableOptions table;
  std::uint64_t shown = 10;
  bool wide = false;
};

std::string mib(std::uint64_t bytes) { return format_mib(static_cast<std::int64_t>(bytes)); }

/// Right-aligned columns behind the line number; memory_profiler's first three, then ours.
struct Column {
  const char* title;
  std::size_t gap, width;
  std::string (*value)(const report::LineRow&);
};

const std::vector<Column> kColumns = {
    {"Mem usage", 1, 12, [](const report::LineRow& row) { return mib(row.sums.highest_heap); }},
    {"Increment", 1, 12, [](const report::LineRow& row) { return format_mib(row.sums.increment()); }},
    {"Occurrences", 2, 11, [](const report::LineRow& row) { return std::to_string(row.sums.allocations); }}};

const std::vector<Column> kWideColumns = {
    {"Allocated", 1, 12, [](const report::LineRow& row) { return mib(row.sums.allocated_bytes); }},
    {"Freed", 1, 12, [](const report::LineRow& row) { return mib(row.sums.freed_bytes); }},
    {"Live at exit", 1, 12, [](const report::LineRow& row) { return mib(row.sums.live_bytes); }},
    {"Live at peak", 1, 12, [](const report::LineRow& row) { return mib(row.sums.peak_bytes); }},
    {"Temporary", 1, 12, [](const report::LineRow& row) { return std::to_string(row.sums.temporary_allocations); }},
    {"Self", 1, 12, [](const report::LineRow& row) { return mib(row.self_allocated_bytes); }}};

class TablePrinter {
 public:
  TablePrinter(Console& console, bool wide, unsigned width)
      : out_(console.out), terminal_(console.out_terminal), columns_(kColumns), width_(width) {
    if (wide) columns_.insert(columns_.end(), kWideColumns.begin(), kWideColumns.end());
  }

  void print(const report::FunctionTable& table) {
    out_ << "Filename: " << printable(display_path(table.source_path.empty() ? table.file : table.source_path))
         << "\n\n";
    if (table.source_changed) out_ << "(the file has changed since the profile was made)\n\n";
    std::string header = "Line #";
    for (const Column& column : columns_) {
      header += std::string(column.gap, ' ') + padded_left(column.title, column.width);
    }
    header += "   Line Contents";
    out_ << bold(header, terminal_) << '\n' << std::string(header.size(), '=') << '\n';
    for (const report::LineRow& row : table.rows) print_row(row, table);
  }

 private:
  void print_row(const report::LineRow& row, const report::FunctionTable& table) {
    std::string text = padded_left(std::to_string(row.line), 6);
    for (const Column& column : columns_) {
      text += std::string(column.gap, ' ') + padded_left(row.has_events ? column.value(row) : "", column.width);
    }
    std::string contents = printable_source(row.text);
    if (table.source_path.empty()) contents = "(source not readable) " + printable(table.function);
    out_ << shortened_end(text + "    " + contents, width_) << '\n';
  }

  std::ostream& out_;
  Terminal terminal_;
  std::vector<Column> columns_;
  unsigned width_;
};

void print_text(const Profile& profile, const report::LineTables& made, const LinesOptions& lines, Console& console) {
  const std::vector<report::FunctionTable>& tables = made.functions;
  std::ostream& out = console.out;
  out << capture_note(profile);
  if (tables.empty()) {
    const bool filtered = !lines.table.function.empty() || !lines.table.files.empty();
    out << (filtered ? "No function matches.\n"
                     : "No source lines are known: the program and its libraries have no debug information "
                       "(compile with -g), or it allocated nothing.\n");
    return;
  }
  TablePrinter printer(console, lines.wide, lines.report.width(console));
  const std::size_t shown = rows_to_show(tables.size(), lines.shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out << "\n\n";
    printer.print(tables[i]);
  }
  if (shown == tables.size() && made.library_left_out == 0) return;
  out << "\n\n";
  if (shown < tables.size()) {
    out << tables.size() - shown << " more functions; '-n 0' shows all, '--function REGEX' a certain one\n";
  }
  if (made.library_left_out > 0) {
    out << made.library_left_out << " functions of standard libraries; '--library' shows them as well\n";
  }
}

Json json_row(const report::LineRow& row) {
  Json json = {{"line", row.line}, {"text", row.text}};
  if (!row.has_events) return json;
  json["mem_usage_bytes"] = row.sums.highest_heap;
  json["increment_bytes"] = row.sums.increment();
  json["occurrences"] = row.sums.allocations;
  json["self_allocated_bytes"] = row.self_allocated_bytes;
  json.update(json_sums(row.sums));
  return json;
}

void print_json(const Profile& profile, const report::LineTables& tables, const LinesOptions& lines, Console& console) {
  Json json = json_head(profile, "lines");
  json["metric"] = lines.table.domain == report::Domain::kMapped ? "mapped" : "heap";
  Json functions = Json::array();
  for (const report::FunctionTable& table : tables.functions) {
    Json rows = Json::array();
    for (const report::LineRow& row : table.rows) rows.push_back(json_row(row));
    functions.push_back({{"function", table.function},
                         {"file", table.file},
                         {"source_read", !table.source_path.empty()},
                         {"source_changed", table.source_changed},
                         {"user_code", table.user_code},
                         {"largest_increment_bytes", table.largest_increment},
                         {"lines", std::move(rows)}});
  }
  json["functions"] = std::move(functions);
  console.out << json_text(json);
}

Result<int> run(LinesOptions& lines, Console& console) {
  const Result<Profile> profile = read_report_input(lines.report, console);
  if (!profile) return tl::unexpected<Error>(profile.error());
  const auto tables = report::line_tables(*profile, lines.table);
  if (!tables) return tl::unexpected<Error>(tables.error());
  if (lines.report.json) {
    print_json(*profile, *tables, lines, console);
  } else {
    print_text(*profile, *tables, lines, console);
  }
  return 0;
}

}  // namespace

Command lines_command() {
  return {.name = "lines",
          .summary = "what each source line allocates and frees, in its source text",
          .description =
              "Prints the functions that changed the heap most, each with its whole source text. Figures include "
              "everything that a line calls.\n\n"
              "Mem usage is the highest live heap of the process right after an allocation or free under the line. "
              "Increment is what was allocated under the line minus what was freed there, over the whole run; a free "
              "counts where it is made, so an increment can be negative. Occurrences counts the allocations.\n\n"
              "Functions whose source lies below the working directory, or below a --source directory, come first; "
              "within that, those with the largest increment of a line.",
          .examples = {{"The functions that matter most", "memprof lines app.json"},
                       {"One function, with all columns", "memprof lines app.json --function '^parse_' --wide"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto lines = std::make_shared<LinesOptions>();
            add_report_options(parser, lines->report);
            add_text(parser, "--function", lines->table.function, "REGEX",
                     "only functions with a match in their name (POSIX extended regular expression)");
            add_list(parser, "--file", lines->table.files, "GLOB",
                     "only functions in matching files; a GLOB without '/' is matched with the base name");
            add_list(parser, "--source", lines->table.directories, "DIR",
                     "where to look for source files; what lies there is user code; may be repeated");
            add_limit(parser, lines->shown, "functions");
            add_flag(parser, "--library", lines->table.library,
                     "also functions of the C, C++ and Rust standard libraries, which are otherwise shown only if "
                     "--function or --file asks for them");
            add_choice(
                parser, "-m,--metric", lines->table.domain, kDomains,
                "heap (the default), or what the program maps itself: Mem usage is then the highest sum of mapped "
                "ranges");
            add_flag(parser, "--wide", lines->wide,
                     "more columns: allocated, freed, live at exit and at the peak, temporary allocations, and bytes "
                     "allocated by the line itself");
            add_flag(parser, "--innermost", lines->table.innermost,
                     "for the column Self, take the innermost frame even in a library");
            return [lines](const Invocation& invocation) { return run(*lines, invocation.console); };
          }};
}

}  // namespace memprof::cli
