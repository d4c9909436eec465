#pragma once
// CapturedProcess + symbols → Profile: inlined frames are expanded, equal stacks merged, indices made.

#include <string>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/symbolizer.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// Never fails; what has no symbols keeps module and offset. `notes` gets the symbolizer's sentences for the user.
[[nodiscard]] Profile build_profile(CapturedProcess&& captured, const SymbolizerOptions& options,
                                    const SymbolizeProgress& progress, std::vector<std::string>* notes = nullptr);

}  // namespace memprof::collect
