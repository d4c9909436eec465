#include "collect/capture_quality.hpp"

#include <string>
#include <utility>

namespace memprof::collect {
namespace {

constexpr double kManyTruncated = 0.01;   // of all events
constexpr double kManyUnresolved = 0.25;  // of all frames

/// "1 event was" or "3 events were".
std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "2 records, 1 call stack".
std::string damaged_things(const RegionDamage& damage) {
  std::string list;
  const auto add = [&](std::uint64_t count, const std::string& one) {
    if (count == 0) return;
    if (!list.empty()) list += ", ";
    list += counted(count, one, one + "s");
  };
  add(damage.cursors, "ring position");
  add(damage.times, "time stamp");
  add(damage.records, "record");
  add(damage.stacks, "call stack");
  add(damage.modules, "module");
  return list;
}

}  // namespace

void add_reason(Capture& capture, std::string sentence) {
  capture.complete = false;
  capture.incomplete_reasons.push_back(std::move(sentence));
}

void note_degradation(Profile& profile) {
  Capture& capture = profile.capture;
  const auto add = [&](std::string reason) { capture.degraded_reasons.push_back(std::move(reason)); };
  const double events = static_cast<double>(profile.totals.allocations + profile.totals.frees);
  if (static_cast<double>(capture.truncated_stacks) > kManyTruncated * events) {
    add("The stacks of " + counted(capture.truncated_stacks, "event", "events") + " are cut short.");
  }
  if (capture.unknown_frees != 0) {
    add(counted(capture.unknown_frees, "block was", "blocks were") + " freed that no allocation was seen of.");
  }
  if (capture.missed_frees != 0) {
    add("How " + counted(capture.missed_frees, "block was", "blocks were") + " freed was not seen.");
  }
  if (static_cast<double>(capture.unresolved_frames) > kManyUnresolved * static_cast<double>(profile.frames.size())) {
    add(std::to_string(capture.unresolved_frames * 100 / profile.frames.size()) +
        " % of the frames have no function name.");
  }
  if (!capture.unseen_memory.empty()) add(capture.unseen_memory);
}

void judge_capture(const SharedRegion& region, const CollectorQuality& quality, Capture& capture) {
  const wire::Header& header = region.header();
  capture.dropped_events = header.dropped_events;
  capture.nested_events = header.nested_events;
  capture.ring_waits = header.ring_waits;
  capture.ring_wait_s = static_cast<double>(header.ring_wait_ns.load()) * 1e-9;
  capture.unwind_fallbacks = header.unwind_fallbacks;
  capture.unwind_checked = header.unwind_checked;
  capture.unwind_differences = header.unwind_differences;
  capture.nested_dropped = header.nested_dropped;

  if (capture.dropped_events != 0) {
    add_reason(capture, counted(capture.dropped_events, "event was", "events were") +
                            " dropped because the shared memory had no room.");
  }
  if (capture.nested_dropped != 0) {
    add_reason(capture, counted(capture.nested_dropped, "event", "events") +
                            " made by signal handlers inside the allocator could not be recorded.");
  }
  if (capture.lost_stacks != 0) {
    add_reason(capture, counted(capture.lost_stacks, "event has", "events have") +
                            " no call stack because there was no room for more; totals are not affected.");
  }
  if (quality.damage.sum() != 0) {
    add_reason(capture, "Something in the program wrote over memprof's shared memory; not used because damaged: " +
                            damaged_things(quality.damage) + ".");
  }
  if (header.recording_stopped != 0) {
    add_reason(capture, "The program stopped recording before its end because it lost contact with memprof.");
  }
  if (quality.out_of_memory) {
    add_reason(capture, "memprof ran out of memory; what came after that is missing.");
  }
}

}  // namespace memprof::collect
