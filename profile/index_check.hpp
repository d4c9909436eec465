#pragma once
#include <string>

#include "profile/profile.hpp"

namespace memprof {

/// Empty when the promises of profile.hpp hold (every index in range, parents before children, each stack at most one
/// site, timeline in order); else a sentence about the first place where they don't: "sites.stack[4] is 17, …".
[[nodiscard]] std::string broken_promise(const Profile& profile);

}  // namespace memprof
