#include "report/export_dhat.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "profile/json_text.hpp"
#include "report/labelled_stacks.hpp"

namespace memprof::report {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;
constexpr double kNanosecondsPerMicrosecond = 1e3;

std::int64_t microseconds(double seconds) { return std::llround(std::max(seconds, 0.0) * kMicrosecondsPerSecond); }

/// Each block counts with the middle of its bucket [2^(i-1), 2^i).
double histogram_sum(const Histogram& histogram) {
  double sum = 0;
  for (const HistogramBin& bin : histogram) {
    if (bin.bucket > 0) sum += static_cast<double>(bin.count) * std::ldexp(0.75, static_cast<int>(bin.bucket));
  }
  return sum;
}

std::vector<double> lifetimes_ns(const Profile& profile, const LabelledStacks& stacks) {
  std::vector<double> lifetimes(stacks.size());
  for (const Site& site : profile.sites) {
    const auto stack = stacks.of_node(site.stack);
    lifetimes[stack == kCompleteRoot ? kLostRoot : stack] += histogram_sum(site.lifetime_histogram);
  }
  return lifetimes;
}

void write_point(const Sums& sums, double lifetime_ns, JsonText& out) {
  const auto entry = [&](std::string_view key, auto value) {
    out.raw(key);
    out.number(value);
  };
  entry("{\"tb\":", sums.allocated_bytes);
  entry(",\"tbk\":", sums.allocations);
  entry(",\"tl\":", std::llround(lifetime_ns / kNanosecondsPerMicrosecond));
  entry(",\"mb\":", std::max(sums.peak_bytes, sums.live_bytes));
  entry(",\"mbk\":", std::max(sums.peak_blocks, sums.live_blocks));
  entry(",\"gb\":", sums.peak_bytes);
  entry(",\"gbk\":", sums.peak_blocks);
  entry(",\"eb\":", sums.live_bytes);
  entry(",\"ebk\":", sums.live_blocks);
}

void write_head(const Profile& profile, JsonText& out) {
  out.raw("{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\n");
  // A million of the small unit is the large one: rates are per second.
  out.raw("\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":10,\n\"cmd\":");
  std::string command;
  for (const std::string& word : profile.process.command) command += (command.empty() ? "" : " ") + word;
  out.string(command.empty() ? profile.process.program : command);
  out.raw(",\"pid\":");
  out.number(profile.process.pid);
  out.raw(",\"te\":");
  out.number(std::max(microseconds(profile.process.duration_s), microseconds(profile.totals.peak_time_s)));
  out.raw(",\"tg\":");
  out.number(microseconds(profile.totals.peak_time_s));
}

}  // namespace

Result<void> export_dhat(const Profile& profile, const ByteSink& sink) {
  // The viewer insists on stacks that differ, which labelled stacks do.
  const LabelledStacks stacks(profile, [&](const Frame& frame) { return function_and_place(profile, frame); });
  const std::vector<Sums> sums = stacks.sums(profile);
  const std::vector<double> lifetimes = lifetimes_ns(profile, stacks);
  JsonText out(sink);
  write_head(profile, out);
  out.raw(",\n\"pps\":[");
  bool first = true;
  for (LabelledStacks::StackIndex stack = 0; stack < stacks.size(); ++stack) {
    if (sums[stack].allocations == 0) continue;
    out.raw(std::exchange(first, false) ? "\n" : ",\n");
    write_point(sums[stack], lifetimes[stack], out);
    out.raw(",\"fs\":[");
    const auto path = stacks.path(stack);
    for (const auto& label : path) {
      if (&label != path.data()) out.raw(",");
      out.number(label + 1);
    }
    out.raw("]}");
  }
  out.raw("],\n\"ftbl\":[\"[root]\"");
  for (const StackLabel& label : stacks.labels()) {
    out.raw(",\n");
    out.string(label.text);
  }
  out.raw("]}\n");
  return out.finish();
}

}  // namespace memprof::report
