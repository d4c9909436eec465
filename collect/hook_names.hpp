#pragma once
// The words that reports use for the functions that memprof hooks.

#include <string>
#include <string_view>
#include <vector>

#include "wire/record.hpp"

namespace memprof::collect {

/// "malloc", "operator new[]", …; "?" for a value that is no hook.
[[nodiscard]] std::string_view hook_name(wire::Hook hook);

/// All of them, index = wire::Hook: CapturedProcess::hook_names.
[[nodiscard]] std::vector<std::string> hook_names();

}  // namespace memprof::collect
