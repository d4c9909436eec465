#pragma once
// Names that the program gives to scopes and snapshots, copied into the region once each, so that a record carries a
// reference. Threads: any, without a lock.

#include <cstdint>

#include "wire/record.hpp"

namespace memprof::preload {

/// The length of a text, or `limit` where it is longer.
inline std::uint32_t bounded_length(const char* text, std::uint32_t limit) {
  std::uint32_t length = 0;
  while (length < limit && text[length] != '\0') ++length;
  return length;
}

/// Forgets all texts: the process has a new region. No other thread may use the table.
void reset_texts();

/// At most wire::kLongestText bytes are kept. 0 bytes when there is no room: half of the paths area is for texts, and
/// a few thousand different ones.
wire::TextReference intern_text(const char* text);

}  // namespace memprof::preload
