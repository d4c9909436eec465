#pragma once
// The JSON form of reports (docs/json-reports.md). Keys are stable: new ones may come, none changes its meaning.

#include <string>

#include <nlohmann/json.hpp>

#include "profile/profile.hpp"
#include "report/sums.hpp"

namespace memprof::cli {

using Json = nlohmann::ordered_json;

/// The keys that every report begins with: which report, of which process, and how far it can be trusted.
Json json_head(const Profile& profile, const std::string& report);

/// All figures of a group, for rows of any report.
Json json_sums(const report::Sums& sums);

/// As in the profile file.
Json json_totals(const Totals& totals);

/// Function, file, line, module of a frame; unknown ones are left out.
Json json_frame(const Profile& profile, FrameIndex frame);

/// From the innermost frame outwards.
Json json_stack(const Profile& profile, NodeIndex node);

/// Text with an end of line. Bytes that aren't UTF-8 become U+FFFD.
std::string json_text(const Json& json);

}  // namespace memprof::cli
