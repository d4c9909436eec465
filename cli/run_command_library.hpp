#pragma once
// Where libmemprof.so is.

#include <string>

#include "profile/result.hpp"

namespace memprof::cli {

/// The absolute path of the library that belongs to this memprof: found relative to the program itself, in the build
/// tree as well as after installation.
[[nodiscard]] Result<std::string> find_preload_library();

}  // namespace memprof::cli
