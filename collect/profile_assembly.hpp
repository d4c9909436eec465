#pragma once
// Puts a Profile together from a capture and the frames of its code. Equal logical stacks become one: two calls on
// one line, or one library loaded twice, are the same to a reader.

#include <vector>

#include "collect/captured_process.hpp"
#include "collect/symbolizer.hpp"
#include "collect/used_code.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// `chains` has a chain for each of code.locations, `symbols_found` a word on each of code.images.
[[nodiscard]] Profile assemble_profile(CapturedProcess&& captured, const UsedCode& code,
                                       const std::vector<FrameChain>& chains, const std::vector<bool>& symbols_found);

}  // namespace memprof::collect
