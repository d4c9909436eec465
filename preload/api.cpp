// What include/memprof/memprof.h calls in a profiled program. Nothing here changes errno.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "preload/hook_caller.hpp"
#include "preload/process.hpp"
#include "preload/recorder.hpp"
#include "preload/text_table.hpp"
#include "preload/thread_state.hpp"

namespace memprof::preload {
namespace {

using wire::Mark;

constexpr long kTracedPatienceNs = 5'000'000'000;
constexpr long kWherePatienceNs = 20'000'000'000;  // the first look into the debug information of a large program

/// As snapshot_name_problem() of the collector has it.
bool is_snapshot_name(const char* name) {
  constexpr std::uint32_t kLongest = 100;
  const std::uint32_t length = name == nullptr ? 0 : bounded_length(name, kLongest + 1);
  if (length == 0 || length > kLongest || name[0] == '.') return false;
  for (std::uint32_t i = 0; i < length; ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7f || c == '/') return false;
  }
  return true;
}

bool mark_text(Mark mark, const char* text) {
  return text != nullptr && is_recording() && record_mark(mark, intern_text(text).value);
}

}  // namespace
}  // namespace memprof::preload

using namespace memprof::preload;

extern "C" {

MEMPROF_EXPORT void memprof_api_tick() { record_mark(Mark::kTick); }

MEMPROF_EXPORT void memprof_api_scope_begin(const char* name) { mark_text(Mark::kScopeBegin, name); }
MEMPROF_EXPORT void memprof_api_scope_end(const char* name) { mark_text(Mark::kScopeEnd, name); }

MEMPROF_EXPORT int memprof_api_snapshot(const char* name) {
  return is_snapshot_name(name) && mark_text(Mark::kSnapshot, name) ? 1 : 0;
}

MEMPROF_EXPORT void memprof_api_reset_peak() { record_mark(Mark::kResetPeak); }

MEMPROF_EXPORT int memprof_api_get_traced(std::size_t* current, std::size_t* peak) {
  Answer answer{};
  const bool told = ask_collector(Mark::kTraced, 0, kTracedPatienceNs, answer);
  if (current != nullptr) *current = answer.first;
  if (peak != nullptr) *peak = answer.second;
  return told ? 1 : 0;
}

MEMPROF_EXPORT std::size_t memprof_api_where(const void* pointer, char* buffer, std::size_t size) {
  if (buffer == nullptr || size == 0) return 0;
  Answer answer{};
  std::size_t length = 0;
  if (ask_collector(Mark::kWhere, reinterpret_cast<std::uintptr_t>(pointer), kWherePatienceNs, answer)) {
    length = answer.first < memprof::wire::kAnswerBytes ? answer.first : memprof::wire::kAnswerBytes - 1;
    if (length >= size) length = size - 1;
    std::memcpy(buffer, answer.text, length);
  }
  buffer[length] = '\0';
  return length;
}

MEMPROF_EXPORT void memprof_api_pause() { pause_counting(); }
MEMPROF_EXPORT void memprof_api_resume() {
  if (g_paused != 0) resume_counting();
}

}  // extern "C"
