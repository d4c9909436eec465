#pragma once
// The sentences of a verdict.

#include <cstdint>
#include <string>

#include "profile/profile.hpp"
#include "report/gate.hpp"

namespace memprof::report {

/// "64 B in 4 blocks"
std::string unfreed_text(std::uint64_t bytes, std::uint64_t blocks);

/// "unfreed bytes: 4.0 KiB, at most 0 B allowed"; both figures exact where rounding would hide the difference.
std::string limit_text(const RuleResult& rule);

/// GateSite::message.
std::string site_text(const GateSite& site);

/// Verdict::headline.
std::string headline_text(const Verdict& verdict);

}  // namespace memprof::report
