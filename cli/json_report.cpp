#include "cli/json_report.hpp"

#include "report/capture_verdict.hpp"

namespace memprof::cli {

Json json_head(const Profile& profile, const std::string& report) {
  return {{"report", report},
          {"program", profile.process.program},
          {"pid", profile.process.pid},
          {"capture_verdict", report::verdict_word(profile.capture)},
          {"complete", profile.capture.complete},
          {"incomplete_reasons", profile.capture.incomplete_reasons},
          {"degraded_reasons", profile.capture.degraded_reasons}};
}

Json json_sums(const report::Sums& sums) {
  return {{"allocations", sums.allocations},
          {"allocated_bytes", sums.allocated_bytes},
          {"frees", sums.frees},
          {"freed_bytes", sums.freed_bytes},
          {"live_blocks", sums.live_blocks},
          {"live_bytes", sums.live_bytes},
          {"peak_blocks", sums.peak_blocks},
          {"peak_bytes", sums.peak_bytes},
          {"temporary_allocations", sums.temporary_allocations}};
}

Json json_totals(const Totals& totals) {
  return {{"allocations", totals.allocations},
          {"frees", totals.frees},
          {"allocated_bytes", totals.allocated_bytes},
          {"freed_bytes", totals.freed_bytes},
          {"live_blocks", totals.live_blocks},
          {"live_bytes", totals.live_bytes},
          {"peak_bytes", totals.peak_bytes},
          {"peak_blocks", totals.peak_blocks},
          {"peak_time_s", totals.peak_time_s},
          {"temporary_allocations", totals.temporary_allocations},
          {"failed_allocations", totals.failed_allocations}};
}

Json json_frame(const Profile& profile, FrameIndex index) {
  const Frame& frame = profile.frames[index];
  Json json = Json::object();
  if (frame.function != 0) json["function"] = profile.text(frame.function);
  if (frame.nearest) json["nearest_symbol_only"] = true;
  if (frame.file != 0) json["file"] = profile.text(frame.file);
  if (frame.line != 0) json["line"] = frame.line;
  if (frame.module != kNoIndex) json["module"] = profile.text(profile.modules[frame.module].path);
  if (frame.function == 0 || frame.nearest) json["offset"] = frame.offset;
  if (frame.inlined) json["inlined"] = true;
  return json;
}

Json json_stack(const Profile& profile, NodeIndex node) {
  Json frames = Json::array();
  for (; node != kNoIndex && profile.stacks[node].frame != kNoIndex; node = profile.stacks[node].parent) {
    frames.push_back(json_frame(profile, profile.stacks[node].frame));
  }
  return frames;
}

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace memprof::cli
