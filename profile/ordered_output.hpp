#pragma once
// Formats the pieces of a file on several threads; their bytes come out in order. Only few pieces are ever in memory.

#include <functional>
#include <span>

#include "profile/json_text.hpp"
#include "profile/result.hpp"

namespace memprof {

/// Writes a part of a file. On any thread; it must not throw.
using Piece = std::function<void(JsonText&)>;

/// Calls each piece once, on up to `threads` threads, the caller's among them. `sink` is never called by two threads at
/// once, and after it has failed not any more. Errors: the sink's, or that memory was short.
[[nodiscard]] Result<void> write_in_order(std::span<const Piece> pieces, unsigned threads, const ByteSink& sink);

}  // namespace memprof
