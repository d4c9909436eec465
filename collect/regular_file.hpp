#pragma once
// Opening files whose names come from somebody else.

#include <string>

#include "collect/unique_fd.hpp"

namespace memprof::collect {

/// Opens a regular file for reading, of at most kLargestFile bytes. What a path leads to is looked at before it is
/// opened for use, so a pipe that nobody writes to does not block, and a device is not touched. Nothing: no such file.
[[nodiscard]] UniqueFd open_regular_file(const std::string& path);

inline constexpr long long kLargestFile = 16LL << 30;

}  // namespace memprof::collect
