#pragma once
// How far a profile can be trusted, in one word and its reasons. docs/trust.md has the rules.

#include <string>

#include "profile/profile.hpp"

namespace memprof::report {

/// "complete", "degraded" or "partial".
[[nodiscard]] std::string verdict_word(const Capture& capture);

/// "complete", "degraded: WHY; WHY", "partial: WHY; WHY". As the profile has it: not yet fit for a terminal.
[[nodiscard]] std::string capture_verdict(const Capture& capture);

}  // namespace memprof::report
