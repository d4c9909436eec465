#pragma once
// Which code of a module call stacks lead through by now, while the program runs.

#include <cstdint>
#include <memory>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/shared_region.hpp"

namespace memprof::collect {

/// ELF virtual addresses of calls in the module with that index, ascending, each once. Any thread.
[[nodiscard]] std::vector<std::uint64_t> code_so_far(const SharedRegion& region, std::uint32_t module,
                                                     std::uint64_t bias);

/// The program has loaded the module with that index: what is known about its code is wanted (prepared_dwarf.hpp).
void expect_dwarf(std::shared_ptr<const SharedRegion> region, std::uint32_t index, const CapturedModule& module);

}  // namespace memprof::collect
