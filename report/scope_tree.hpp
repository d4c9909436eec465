#pragma once
// The scopes of a profile in the order in which they are shown: by thread, each followed by those inside it.

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

struct ScopeRow {
  StringIndex name = 0;
  unsigned depth = 0;               ///< 0: in no other scope
  std::uint32_t thread = kNoIndex;  ///< row of Profile::threads; kNoIndex: of several threads
  std::uint64_t calls = 0, unended_calls = 0;
  double duration_s = 0;
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t frees = 0, freed_bytes = 0;
  std::uint64_t peak_bytes = 0;

  std::int64_t net_bytes() const { return static_cast<std::int64_t>(allocated_bytes - freed_bytes); }
};

enum class ScopeThreads : std::uint8_t {
  kApart,    ///< each thread for itself, in the order of their first scopes
  kTogether  ///< equal names at equal places of the nesting are added up; peaks: the highest
};

/// Scopes that are in the same one are in the order of their first calls.
[[nodiscard]] std::vector<ScopeRow> scope_tree(const Profile& profile, ScopeThreads threads);

}  // namespace memprof::report
