#include "report/line_table.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include <regex.h>

#include "report/filter.hpp"
#include "report/inclusive.hpp"
#include "report/own_frame.hpp"
#include "report/places.hpp"
#include "report/source_text.hpp"

namespace memprof::report {
namespace {

class NamePattern {
 public:
  static Result<NamePattern> compile(const std::string& text) {
    NamePattern pattern;
    if (text.empty()) return pattern;
    auto compiled = std::make_unique<regex_t>();
    const int error = regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error != 0) {
      std::array<char, 256> reason{};
      regerror(error, compiled.get(), reason.data(), reason.size());
      return failure("'" + text + "' is not a regular expression: " + reason.data(),
                     "to find a name with special characters put a backslash before them");
    }
    pattern.regex_ = {compiled.release(), [](regex_t* regex) {
                        regfree(regex);
                        delete regex;
                      }};
    return pattern;
  }

  bool matches(const std::string& name) const {
    return !regex_ || regexec(regex_.get(), name.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  std::shared_ptr<regex_t> regex_;
};

/// Figures of every source line that is on a stack.
struct LineFigures {
  Places places;
  std::map<std::pair<StringIndex, std::uint32_t>, std::uint32_t> by_source;  ///< (file, line) → place
  std::vector<Sums> inclusive;
  std::vector<std::uint64_t> self_allocated_bytes;
};

LineFigures line_figures(const Profile& profile, Domain domain, bool innermost) {
  LineFigures figures;
  figures.places = number_places(profile, PlaceKind::kLine);
  const std::size_t count = figures.places.example.size();
  figures.inclusive = inclusive_sums(profile, subtree_sums(profile, domain, {}), figures.places.of_frame, count);
  for (std::uint32_t place = 0; place < count; ++place) {
    const Frame& frame = profile.frames[figures.places.example[place]];
    if (frame.file != 0 && frame.line != 0) figures.by_source[{frame.file, frame.line}] = place;
  }
  figures.self_allocated_bytes.resize(count);
  const OwnFrames own = find_own_frames(profile, innermost);
  for (const Site& site : sites_in(profile, domain)) {
    const FrameIndex frame = profile.stacks[own.source[site.stack]].frame;
    if (frame != kNoIndex) figures.self_allocated_bytes[figures.places.of_frame[frame]] += site.allocated_bytes;
  }
  return figures;
}

/// A function as its frames show it, before the source is looked at.
struct Function {
  StringIndex file = 0;
  std::uint32_t first_line = 0;  ///< where it begins, 0: unknown
  std::set<StringIndex> names;
  std::set<std::uint32_t> lines;  ///< with events
  bool library = true;            ///< all of its frames are a standard library's
};

/// A table and the part of the file that is its function's text.
struct Listing {
  FunctionTable table;
  std::uint32_t first = 0, last = 0;
};

/// Instances of one template and inlined copies share file and first line. Frames that do not know the first line
/// are joined by name with those that do.
std::vector<Function> collect_functions(const Profile& profile) {
  std::map<std::pair<StringIndex, StringIndex>, std::uint32_t> first_lines;  // (file, name) → first line
  for (const Frame& frame : profile.frames) {
    if (frame.function_line != 0) first_lines[{frame.file, frame.function}] = frame.function_line;
  }
  const std::vector<FrameKind> kinds = classify_frames(profile);
  std::map<std::tuple<StringIndex, std::uint32_t, StringIndex>, Function> functions;
  for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
    const Frame& frame = profile.frames[i];
    if (frame.file == 0 || frame.line == 0 || frame.function == 0) continue;
    const auto known = first_lines.find({frame.file, frame.function});
    const std::uint32_t first_line = known == first_lines.end() ? 0 : known->second;
    Function& function = functions[{frame.file, first_line, first_line != 0 ? 0 : frame.function}];
    function.file = frame.file;
    function.first_line = first_line;
    function.names.insert(frame.function);
    function.lines.insert(frame.line);
    function.library = function.library && kinds[i] != FrameKind::kProgram;
  }
  std::vector<Function> list;
  for (auto& [key, function] : functions) list.push_back(std::move(function));
  return list;
}

std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

class TableMaker {
 public:
  TableMaker(const Profile& profile, const LineTableOptions& options)
      : profile_(profile),
        figures_(line_figures(profile, options.domain, options.innermost)),
        sources_(options.directories) {
    std::vector<std::string> of_user = options.directories;
    of_user.emplace_back(".");
    for (const std::string& directory : of_user) {
      std::error_code error;
      const auto absolute = std::filesystem::weakly_canonical(directory, error);
      if (!error) directories_.push_back(absolute.string() + (absolute.string().ends_with('/') ? "" : "/"));
    }
  }

  Listing make(const Function& function, std::string name) {
    Listing listing;
    FunctionTable& table = listing.table;
    table.function = std::move(name);
    table.file = profile_.text(function.file);
    const SourceFile* source = sources_.find(table.file);
    if (source != nullptr) {
      table.source_path = source->path;
      table.user_code = is_below_directories(source->path);
      table.source_changed =
          source->modified_unix_ms > profile_.process.start_unix_ms && profile_.process.start_unix_ms != 0;
    }
    add_rows(listing, function, source);
    for (const LineRow& row : table.rows) {
      const std::int64_t increment = row.sums.increment();
      if (magnitude(increment) > magnitude(table.largest_increment)) table.largest_increment = increment;
    }
    return listing;
  }

 private:
  bool is_below_directories(const std::string& path) const {
    std::error_code error;
    const std::string absolute = std::filesystem::weakly_canonical(path, error).string();
    return !error && std::any_of(directories_.begin(), directories_.end(),
                                 [&](const std::string& directory) { return absolute.starts_with(directory); });
  }

  LineRow make_row(std::uint32_t line, StringIndex file, const SourceFile* source) const {
    LineRow row;
    row.line = line;
    if (source != nullptr && line <= source->lines.size()) row.text = source->lines[line - 1];
    const auto found = figures_.by_source.find({file, line});
    if (found != figures_.by_source.end()) {
      row.sums = figures_.inclusive[found->second];
      row.self_allocated_bytes = figures_.self_allocated_bytes[found->second];
      row.has_events = row.sums.allocations + row.sums.frees > 0;
    }
    return row;
  }

  void add_rows(Listing& listing, const Function& function, const SourceFile* source) const {
    const std::uint32_t last_known = *function.lines.rbegin();
    listing.first = function.first_line != 0 ? function.first_line : *function.lines.begin();
    listing.last = std::max(listing.first, last_known);
    // A line before the first one comes from elsewhere (a member's default initialiser): it is shown, but what lies
    // between isn't the function.
    std::set<std::uint32_t> lines = function.lines;
    lines.insert(listing.first);
    if (source != nullptr && listing.last <= source->lines.size()) {
      const std::uint32_t end = find_block_end(source->lines, listing.first, listing.last);
      const bool bare_close = end > last_known && is_closing_line(source->lines[end - 1]) &&
                              !figures_.by_source.contains({function.file, end});
      listing.last = bare_close ? end - 1 : end;
      for (std::uint32_t line = listing.first; line <= listing.last; ++line) lines.insert(line);
    }
    for (const std::uint32_t line : lines) listing.table.rows.push_back(make_row(line, function.file, source));
  }

  const Profile& profile_;
  LineFigures figures_;
  SourceFiles sources_;
  std::vector<std::string> directories_;
};

/// Lambdas and local types lie in the text of another function, whose table shows their lines.
std::vector<FunctionTable> without_nested(std::vector<Listing> listings) {
  std::sort(listings.begin(), listings.end(), [](const Listing& a, const Listing& b) {
    return std::tie(a.table.file, a.first, b.last) < std::tie(b.table.file, b.first, a.last);
  });
  std::vector<FunctionTable> outer;
  std::uint32_t covered = 0;
  for (Listing& listing : listings) {
    if (!outer.empty() && outer.back().file != listing.table.file) covered = 0;
    // Without source the extent of a function is unknown.
    const bool nested = !listing.table.source_path.empty() && listing.last <= covered;
    covered = std::max(covered, listing.last);
    if (!nested) outer.push_back(std::move(listing.table));
  }
  return outer;
}

std::int64_t all_increments(const FunctionTable& table) {
  std::int64_t sum = 0;
  for (const LineRow& row : table.rows) sum += magnitude(row.sums.increment());
  return sum;
}

void sort_tables(std::vector<FunctionTable>& tables) {
  std::sort(tables.begin(), tables.end(), [](const FunctionTable& a, const FunctionTable& b) {
    if (a.user_code != b.user_code) return a.user_code;
    if (magnitude(a.largest_increment) != magnitude(b.largest_increment)) {
      return magnitude(a.largest_increment) > magnitude(b.largest_increment);
    }
    const std::int64_t all_a = all_increments(a), all_b = all_increments(b);
    if (all_a != all_b) return all_a > all_b;
    return std::tie(a.file, a.rows.front().line, a.function) < std::tie(b.file, b.rows.front().line, b.function);
  });
}

}  // namespace

Result<LineTables> line_tables(const Profile& profile, const LineTableOptions& options) {
  const Result<NamePattern> pattern = NamePattern::compile(options.function);
  if (!pattern) return tl::unexpected<Error>(pattern.error());
  const bool all_kinds = options.library || !options.function.empty() || !options.files.empty();
  TableMaker maker(profile, options);
  LineTables tables;
  std::vector<Listing> listings;
  for (const Function& function : collect_functions(profile)) {
    const std::string& file = profile.text(function.file);
    const bool file_wanted =
        options.files.empty() || std::any_of(options.files.begin(), options.files.end(),
                                             [&](const std::string& glob) { return glob_matches(glob, file); });
    std::set<std::string> names;
    for (const StringIndex name : function.names) {
      if (pattern->matches(profile.text(name))) names.insert(profile.text(name));
    }
    if (!file_wanted || names.empty()) continue;
    if (function.library && !all_kinds) {
      ++tables.library_left_out;
    } else {
      listings.push_back(maker.make(function, *names.begin()));
    }
  }
  tables.functions = without_nested(std::move(listings));
  sort_tables(tables.functions);
  return tables;
}

}  // namespace memprof::report
