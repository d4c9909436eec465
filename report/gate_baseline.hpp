#pragma once
// What is unfreed now against a baseline.

#include <cstdint>
#include <string>
#include <vector>

#include "report/baseline.hpp"
#include "report/gate.hpp"

namespace memprof::report {

/// Sets status and `before` of the sites that are not suppressed, and appends those that are fixed. `growth` is the
/// share by which a known site may grow.
///
/// A site is known by its fingerprint. What is left over on both sides is compared once more: a compiler that turns
/// `return malloc(n);` into a jump, or that leaves no debug information for inlined functions, takes frames out of a
/// stack. So paths that another one is part of, in the same order, are that site when their figures add up to exactly
/// its own, or to exactly what it has more or less than before. Returns a note for each that was known in this way
/// only.
std::vector<std::string> compare_with_baseline(std::vector<GateSite>& sites, const Baseline& baseline, double growth);

}  // namespace memprof::report
