#pragma once
// From linker symbols to the names people write. Any thread.

#include <string>

namespace memprof::collect {

/// Whether the symbol has the shape of a C++ (`_Z…`) or Rust (`_R…`) name; C names have none.
[[nodiscard]] bool is_mangled(const char* symbol);

/// The full signature of a C++ name, the path of a Rust name (without its hash). What is neither, or is malformed,
/// comes back as it is.
[[nodiscard]] std::string demangle(const char* symbol);

}  // namespace memprof::collect
