#pragma once
// Reading and writing index files (docs/process-tree.md).

#include <string>

#include "profile/process_tree.hpp"
#include "profile/result.hpp"

namespace memprof {

/// Through a temporary file and a rename, mode 0600.
[[nodiscard]] Result<void> write_process_tree(const ProcessTree& tree, const std::string& path);

/// Reads and checks everything: format, major version, every index.
[[nodiscard]] Result<ProcessTree> read_process_tree(const std::string& path);

/// Whether the file begins as an index does. False as well for what cannot be read or read twice, such as a pipe.
[[nodiscard]] bool is_process_tree(const std::string& path);

/// The same on text in memory; `name` is used in errors.
[[nodiscard]] Result<ProcessTree> parse_process_tree(const std::string& json, const std::string& name);
[[nodiscard]] std::string format_process_tree(const ProcessTree& tree);

}  // namespace memprof
