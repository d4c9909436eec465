#include "cli/growth_text.hpp"

#include <algorithm>

#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/stack_text.hpp"
#include "cli/style.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

// As in objgraph: "%-*s%9d %+9d".
constexpr std::size_t kFigure = 9;
constexpr std::size_t kShortestName = 16;

}  // namespace

std::string growth_heading(const std::string& name, const std::vector<report::GrowthRow>& rows, const GrowthView& view,
                           const Terminal& terminal) {
  const std::string groups = view.group + (rows.size() == 1 ? "" : "s");
  return bold(printable(name) + ": " + format_count(rows.size()) + " " + groups + " grew", terminal) + "\n";
}

std::string growth_text(const Profile& profile, const std::vector<report::GrowthRow>& rows, const GrowthView& view,
                        const Terminal& terminal) {
  const std::size_t shown = rows_to_show(rows.size(), view.shown);
  const std::size_t figures = 2 * kFigure + 1;
  const std::size_t room = view.width > figures + kShortestName ? view.width - figures : kShortestName;
  std::vector<std::string> names;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string name = printable(display_path(rows[i].name));
    names.push_back(view.width == 0 ? name : shortened_middle(name, room));
    longest = std::max(longest, display_width(names.back()));
  }
  StackText stacks(profile, {}, terminal, view.width);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    text += padded_right(names[i], longest) + padded_left(std::to_string(rows[i].count), kFigure) + " " +
            padded_left("+" + std::to_string(rows[i].growth), kFigure) + "\n";
    if (rows[i].stack != kNoIndex) text += stacks.of(rows[i].stack);
  }
  if (shown < rows.size()) text += format_count(rows.size() - shown) + " more; '-n 0' shows all\n";
  return text;
}

}  // namespace memprof::cli
