#pragma once
// Profiles that nobody wrote by hand, for tests that hold for every profile.

#include <cstdint>

#include "profile/profile.hpp"

namespace memprof::test {

/// Everything in it is valid and, where that is possible, unusual: odd bytes, extreme numbers, empty tables. The same
/// seed gives the same profile.
Profile random_profile(std::uint64_t seed);

/// A small one with every table filled in, to break piece by piece.
Profile sample_profile();

}  // namespace memprof::test
