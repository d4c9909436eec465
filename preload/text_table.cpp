#include "preload/text_table.hpp"

#include <atomic>
#include <cstring>

#include "preload/process.hpp"

namespace memprof::preload {
namespace {

constexpr std::uint32_t kSlots = 4096;
constexpr std::uint32_t kProbes = 64;

std::atomic<std::uint64_t> g_slots[kSlots];  ///< TextReference::value; 0: empty
std::atomic<std::uint32_t> g_text_bytes{0};

/// FNV-1a.
std::uint32_t hash_of(const char* text, std::uint32_t bytes) {
  std::uint32_t hash = 0x811c'9dc5u;
  for (std::uint32_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x0100'0193u;
  return hash;
}

bool is(wire::TextReference reference, const char* text, std::uint32_t bytes) {
  return reference.bytes() == bytes && std::memcmp(g_region.paths + reference.offset(), text, bytes) == 0;
}

wire::TextReference copy_in(const char* text, std::uint32_t bytes) {
  // Modules' paths have the other half.
  if (g_text_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes > g_region.path_bytes / 2) return {0};
  const std::uint32_t offset = g_region.header->paths_used.fetch_add(bytes, std::memory_order_relaxed);
  if (offset > g_region.path_bytes || bytes > g_region.path_bytes - offset) return {0};
  std::memcpy(g_region.paths + offset, text, bytes);
  return wire::TextReference::make(offset, bytes);
}

}  // namespace

void reset_texts() {
  for (std::atomic<std::uint64_t>& slot : g_slots) slot.store(0, std::memory_order_relaxed);
  g_text_bytes.store(0, std::memory_order_relaxed);
}

wire::TextReference intern_text(const char* text) {
  const std::uint32_t bytes = bounded_length(text, wire::kLongestText);
  if (bytes == 0) return {0};
  const std::uint32_t hash = hash_of(text, bytes);
  for (std::uint32_t probe = 0; probe < kProbes; ++probe) {
    std::atomic<std::uint64_t>& slot = g_slots[(hash + probe) % kSlots];
    std::uint64_t present = slot.load(std::memory_order_acquire);
    if (present == 0) {
      const wire::TextReference made = copy_in(text, bytes);
      // Release: whoever finds the reference finds the text. Two threads may both have copied it; one copy is unused.
      if (made.value == 0 || slot.compare_exchange_strong(present, made.value, std::memory_order_acq_rel)) return made;
    }
    if (is({present}, text, bytes)) return {present};
  }
  return {0};
}

}  // namespace memprof::preload
