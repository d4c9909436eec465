#pragma once
// libdw's handles that are there before they are needed. While the program runs, a thread opens the files of what it
// has loaded, unpacks them and reads their unit headers, which would otherwise be done after its end. Handles that were
// used are kept for the next process of the session that has loaded the same file. All functions: any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "collect/dwarf_handle.hpp"
#include "collect/symbol_files.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

/// Gives ELF addresses of code, ascending.
using CodeSource = std::function<std::vector<std::uint64_t>()>;

/// A program has loaded it, so its names will probably be wanted, first of all those of the code that `code_so_far`
/// gives when the handle is there: what libdw keeps of its units is read as well. Returns at once; duplicates the
/// descriptor.
void expect_dwarf(const ModuleImage& image, CodeSource code_so_far = {});

/// The caller is about to look for its files himself: no need to begin with it now.
void stop_expecting_dwarf(const ModuleImage& image);

/// nullptr: there is none, or it is of other files than these. Waits if it is being made just now.
[[nodiscard]] std::unique_ptr<DwarfHandle> take_prepared_dwarf(const ModuleImage& image, const ModuleFiles& files);

/// For the next one who takes it.
void keep_dwarf(const ModuleImage& image, std::unique_ptr<DwarfHandle> handle);

}  // namespace memprof::collect
