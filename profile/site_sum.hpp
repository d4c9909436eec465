#pragma once
#include "profile/profile.hpp"

namespace memprof {

/// Adds the figures of `part` to those of `sum`; which stack, type and hook they are of stays as it is in `sum`.
/// highest_heap becomes the higher one, since both belong to one heap or are looked at side by side.
void add_figures(Site& sum, const Site& part);

}  // namespace memprof
