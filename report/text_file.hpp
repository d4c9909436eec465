#pragma once
// Small files that people write: rules, suppressions, baselines.

#include <string>

#include "profile/result.hpp"

namespace memprof::report {

/// All of it. Errors say what could not be read ("the baseline") and the reason.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, const std::string& what);

}  // namespace memprof::report
