#pragma once
// What `memprof run` says about the processes of a run, when there was more than one.

#include <string>
#include <vector>

#include "cli/run_command_summary.hpp"
#include "profile/process_tree.hpp"

namespace memprof::cli {

/// The processes that have a profile, each below the one that started it, the largest when they are too many; the
/// others in numbers; and why some were not recorded. Empty when there was one process only.
[[nodiscard]] std::vector<std::string> list_tree(const ProcessTree& tree, const SummaryStyle& style);

}  // namespace memprof::cli
