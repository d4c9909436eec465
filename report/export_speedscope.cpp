#include "report/export_speedscope.hpp"

#include <string>

#include "profile/json_text.hpp"
#include "report/frame_names.hpp"
#include "report/labelled_stacks.hpp"

namespace memprof::report {
namespace {

std::string title(Metric metric) {
  switch (metric) {
    case Metric::kLive:
      return "unfreed at the end";
    case Metric::kPeak:
      return "live at the peak";
    case Metric::kAllocated:
      return "allocated";
    case Metric::kTemporary:
      return "temporary allocations";
    case Metric::kFreed:
      return "freed";
    case Metric::kMapped:
      return "mapped at the peak of mapped ranges";
  }
  return {};
}

void write_frames(const Profile& profile, const LabelledStacks& stacks, JsonText& out) {
  out.raw("\"shared\":{\"frames\":[");
  for (const StackLabel& label : stacks.labels()) {
    out.raw(&label == stacks.labels().data() ? "\n{\"name\":" : ",\n{\"name\":");
    if (label.example == kNoIndex) {
      out.string(label.text);
    } else {
      const Frame& frame = profile.frames[label.example];
      out.string(function_name(profile, frame));
      out.raw(",\"file\":");
      out.string(file_name(profile, frame));
      if (frame.file != 0 && frame.line != 0) {
        out.raw(",\"line\":");
        out.number(frame.line);
      }
    }
    out.raw("}");
  }
  out.raw("]}");
}

class MetricWriter {
 public:
  MetricWriter(const LabelledStacks& stacks, const std::vector<Sums>& sums, Metric metric, JsonText& out)
      : stacks_(stacks), sums_(sums), metric_(metric), out_(out) {}

  void write(const std::string& program) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < sums_.size(); ++i) total += weight(i);
    out_.raw("{\"type\":\"sampled\",\"name\":");
    out_.string(program + ": " + title(metric_));
    out_.raw(metric_ == Metric::kTemporary ? ",\"unit\":\"none\"" : ",\"unit\":\"bytes\"");
    out_.raw(",\"startValue\":0,\"endValue\":");
    out_.number(total);
    out_.raw(",\n\"samples\":[");
    write_list([&](std::size_t i) { write_path(static_cast<LabelledStacks::StackIndex>(i)); });
    out_.raw("],\n\"weights\":[");
    write_list([&](std::size_t i) { out_.number(weight(i)); });
    out_.raw("]}");
  }

 private:
  std::uint64_t weight(std::size_t stack) const {
    const Measure figures = measure(sums_[stack], metric_);
    return metric_ == Metric::kTemporary ? figures.count : figures.bytes;
  }

  template <typename WriteItem>
  void write_list(WriteItem&& write_item) {
    bool first = true;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (weight(i) == 0) continue;
      if (!std::exchange(first, false)) out_.raw(",");
      write_item(i);
    }
  }

  void write_path(LabelledStacks::StackIndex stack) {
    const auto path = stacks_.path(stack);
    out_.raw("[");
    for (auto label = path.rbegin(); label != path.rend(); ++label) {
      if (label != path.rbegin()) out_.raw(",");
      out_.number(*label);
    }
    out_.raw("]");
  }

  const LabelledStacks& stacks_;
  const std::vector<Sums>& sums_;
  Metric metric_;
  JsonText& out_;
};

}  // namespace

Result<void> export_speedscope(const Profile& profile, const std::vector<Metric>& metrics, const ByteSink& sink) {
  const LabelledStacks stacks(profile, [&](const Frame& frame) {
    return function_name(profile, frame) + '\n' + file_name(profile, frame) + '\n' + std::to_string(frame.line);
  });
  const std::vector<Sums> sums = stacks.sums(profile);
  JsonText out(sink);
  out.raw("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n\"exporter\":");
  out.string(profile.generator);
  out.raw(",\n\"name\":");
  out.string(profile.process.program);
  out.raw(",\n\"activeProfileIndex\":0,\n");
  write_frames(profile, stacks, out);
  out.raw(",\n\"profiles\":[");
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    out.raw(i == 0 ? "\n" : ",\n");
    MetricWriter(stacks, sums, metrics[i], out).write(profile.process.program);
  }
  out.raw("]}\n");
  return out.finish();
}

}  // namespace memprof::report
