#pragma once
// The options that say what is added up by what: shared by top and diff.

#include <string>
#include <vector>

#include "cli/json_report.hpp"
#include "profile/result.hpp"
#include "report/grouping.hpp"

namespace CLI {
class App;
}

namespace memprof::cli {

/// As typed; complete() turns the filters' texts into filters.
struct GroupingWords {
  report::GroupOptions options;
  std::vector<std::string> include, exclude;

  [[nodiscard]] Result<report::GroupOptions> complete() const;
};

void add_grouping_options(CLI::App& parser, GroupingWords& words);

/// "Unfreed at exit by line", "Allocated by function, cumulative". Of a process that still ran when the profile was
/// written: "Not freed so far by line".
std::string grouping_heading(const report::GroupOptions& options, EndKind end);

/// {"group_by": "line", "metric": "live", "cumulative": false}
Json json_grouping(const report::GroupOptions& options);

/// "NAME: FIGURES", the name shortened so that the line fits; paths below the working directory are shown relative.
std::string row_line(const std::string& name, const std::string& figures, unsigned width);

}  // namespace memprof::cli
