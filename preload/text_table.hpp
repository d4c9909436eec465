#pragma once
// Names that the program gives to scopes and snapshots, copied into the region once each, so that a record carries a
// reference. Threads: any, without a lock.

#include "wire/record.hpp"

namespace memprof::preload {

/// Forgets all texts: the process has a new region. No other thread may use the table.
void reset_texts();

/// At most wire::kLongestText bytes are kept. 0 bytes when there is no room: half of the paths area is for texts, and
/// a few thousand different ones.
wire::TextReference intern_text(const char* text);

}  // namespace memprof::preload
