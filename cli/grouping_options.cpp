#include "cli/grouping_options.hpp"

#include <algorithm>

#include "cli/options.hpp"
#include "cli/printable.hpp"

namespace memprof::cli {
namespace {

using report::GroupBy;
using report::Metric;

const Choices<GroupBy> kGroups = {{"line", GroupBy::kLine},   {"function", GroupBy::kFunction},
                                  {"file", GroupBy::kFile},   {"module", GroupBy::kModule},
                                  {"stack", GroupBy::kStack}, {"thread", GroupBy::kThread},
                                  {"type", GroupBy::kType}};

const Choices<Metric> kMetrics = {{"live", Metric::kLive},           {"peak", Metric::kPeak},
                                  {"allocated", Metric::kAllocated}, {"temporary", Metric::kTemporary},
                                  {"freed", Metric::kFreed},         {"mapped", Metric::kMapped}};

template <typename Value>
const std::string& word_for(const Choices<Value>& choices, Value value) {
  return std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return c.second == value; })->first;
}

const char* metric_heading(Metric metric) {
  switch (metric) {
    case Metric::kLive:
      return "Unfreed at exit";
    case Metric::kPeak:
      return "Live at the peak";
    case Metric::kAllocated:
      return "Allocated";
    case Metric::kTemporary:
      return "Temporary allocations";
    case Metric::kFreed:
      return "Freed";
    case Metric::kMapped:
      return "Mapped at the peak of mapped ranges";
  }
  return "";
}

Result<void> add_filters(const std::vector<std::string>& texts, std::vector<report::Filter>& filters) {
  for (const std::string& text : texts) {
    auto filter = report::parse_filter(text);
    if (!filter) return tl::unexpected<Error>(std::move(filter.error()));
    filters.push_back(std::move(*filter));
  }
  return {};
}

constexpr std::size_t kShortestName = 16;  // with less of it a row says nothing

}  // namespace

Result<report::GroupOptions> GroupingWords::complete() const {
  report::GroupOptions complete = options;
  if (auto added = add_filters(include, complete.filters.include); !added) {
    return tl::unexpected<Error>(std::move(added.error()));
  }
  if (auto added = add_filters(exclude, complete.filters.exclude); !added) {
    return tl::unexpected<Error>(std::move(added.error()));
  }
  return complete;
}

void add_grouping_options(CLI::App& parser, GroupingWords& words) {
  report::GroupOptions& options = words.options;
  add_choice(parser, "-g,--group-by", options.by, kGroups, "what is one row (default line)");
  add_choice(parser, "-m,--metric", options.metric, kMetrics,
             "what is added up: unfreed at exit (live, the default), share of the peak, allocated ever, temporary "
             "allocations, freed, by the place of the free, or, instead of the heap, what the program maps itself "
             "(mmap, mremap, sbrk) when that was most");
  add_flag(parser, "--cumulative", options.cumulative, "count for every place on the stack, not only the own one");
  add_flag(parser, "--innermost", options.innermost, "own place is the innermost frame, even in a library");
  add_flag(parser, "--raw-types", options.raw_types,
           "by type: nodes and buffers under their own names, not those of their containers");
  add_list(parser, "--include", words.include, "GLOB[:LINE]", "keep only matching sites; may be repeated");
  add_list(parser, "--exclude", words.exclude, "GLOB[:LINE]", "leave matching sites out; may be repeated");
  add_flag(parser, "--all-frames", options.filters.all_frames, "filters match any frame of the stack");
}

std::string grouping_heading(const report::GroupOptions& options, EndKind end) {
  const bool not_over = end == EndKind::kStillRunning && options.metric == Metric::kLive;
  return std::string(not_over ? "Not freed so far" : metric_heading(options.metric)) + " by " +
         word_for(kGroups, options.by) + (options.cumulative ? ", cumulative" : "");
}

Json json_grouping(const report::GroupOptions& options) {
  return {{"group_by", word_for(kGroups, options.by)},
          {"metric", word_for(kMetrics, options.metric)},
          {"cumulative", options.cumulative}};
}

std::string row_line(const std::string& name, const std::string& figures, unsigned width) {
  std::string shown = printable(display_path(name));
  if (width != 0) {
    const std::size_t taken = 2 + display_width(figures);
    shown = shortened_middle(shown, width > taken + kShortestName ? width - taken : kShortestName);
  }
  return shown + ": " + figures;
}

}  // namespace memprof::cli
