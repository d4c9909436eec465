#pragma once
#include "profile/json_text.hpp"
#include "profile/profile.hpp"

namespace memprof {

/// The profile as JSON, one column a line; a large one is formatted on all cores.
[[nodiscard]] Result<void> write_profile_json(const Profile& profile, const ByteSink& sink);

}  // namespace memprof
