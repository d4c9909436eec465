#pragma once
#include "profile/json_text.hpp"
#include "profile/profile.hpp"

namespace memprof {

/// The profile as JSON, one column a line. The caller calls out.finish().
void write_profile_json(const Profile& profile, JsonText& out);

}  // namespace memprof
