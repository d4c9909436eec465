#pragma once
// A command line as a shell would need it.

#include <string>
#include <vector>

namespace memprof::cli {

/// Words with special characters are put in single quotes. Not made printable.
[[nodiscard]] std::string command_text(const std::vector<std::string>& command);

}  // namespace memprof::cli
