#include "report/export_folded.hpp"

#include <algorithm>

#include "report/frame_names.hpp"
#include "report/labelled_stacks.hpp"

namespace memprof::report {

Result<void> export_folded(const Profile& profile, Metric metric, const ByteSink& sink) {
  const LabelledStacks stacks(profile, [&](const Frame& frame) {
    std::string name = one_line(function_name(profile, frame));
    std::replace(name.begin(), name.end(), ';', ':');  // it separates frames
    return name;
  });
  const std::vector<Sums> sums = stacks.sums(profile, domain_of(metric));
  TextOutput out(sink);
  for (LabelledStacks::StackIndex stack = 0; stack < stacks.size(); ++stack) {
    const Measure figures = measure(sums[stack], metric);
    const std::uint64_t figure = metric == Metric::kTemporary ? figures.count : figures.bytes;
    if (figure == 0) continue;
    const auto path = stacks.path(stack);
    for (auto label = path.rbegin(); label != path.rend(); ++label) {
      if (label != path.rbegin()) out.raw(";");
      out.raw(stacks.labels()[*label].text);
    }
    out.raw(" ");
    out.number(figure);
    out.raw("\n");
  }
  return out.finish();
}

}  // namespace memprof::report
