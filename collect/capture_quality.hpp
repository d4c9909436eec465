#pragma once
// How far a capture can be trusted: the target's own counters, the collector's, and the sentences that follow.

#include <cstdint>

#include "collect/region_damage.hpp"
#include "collect/shared_region.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

struct CollectorQuality {
  RegionDamage damage;
  bool out_of_memory = false;  ///< the collector's own
};

/// Adds a sentence to the reasons: the capture is incomplete.
void add_reason(Capture& capture, std::string sentence);

/// What makes a profile say less than it might, although nothing of it is wrong: adds Capture::degraded_reasons. To be
/// called when symbols are known. The rules are those of docs/trust.md.
void note_degradation(Profile& profile);

/// Adds the header's counters to `capture`, which has those of the accounts already, and decides on completeness.
/// Truncated stacks alone leave a capture complete.
void judge_capture(const SharedRegion& region, const CollectorQuality& quality, Capture& capture);

}  // namespace memprof::collect
