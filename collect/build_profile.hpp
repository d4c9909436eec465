#pragma once
// CapturedProcess + symbols → Profile: inlined frames are expanded, equal stacks merged, indices made.

#include "collect/captured_process.hpp"
#include "collect/symbolizer.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// Never fails; what has no symbols keeps module and offset.
[[nodiscard]] Profile build_profile(CapturedProcess&& captured, const SymbolizerOptions& options,
                                    const SymbolizeProgress& progress);

}  // namespace memprof::collect
