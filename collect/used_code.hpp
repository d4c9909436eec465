#pragma once
// Which code the call stacks of a captured process run through: what the symbolizer is asked about.

#include <cstdint>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

struct UsedCode {
  /// Files, each once however often it was loaded. Descriptors stay owned by the captured process.
  std::vector<ModuleImage> images;
  std::vector<CodeLocation> locations;  ///< each once
  /// By wire::StackId: an index into `locations`; kNoIndex for roots, nodes that no site needs, and code of no file.
  std::vector<std::uint32_t> location_of;
  std::vector<bool> needed;  ///< by wire::StackId
};

[[nodiscard]] UsedCode find_used_code(const CapturedProcess& captured);

}  // namespace memprof::collect
