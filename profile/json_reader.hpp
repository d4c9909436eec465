#pragma once
#include <cstdint>
#include <string>

#include "profile/byte_source.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace memprof {

/// Bounds what a hostile file can make the reader allocate. A profile of 10^6 stacks takes about 300 MB.
inline constexpr std::uint64_t kProfileMemoryLimit = std::uint64_t{4} << 30;

/// Parses as the bytes arrive and then checks every index. `name` begins each error.
[[nodiscard]] Result<Profile> read_profile_json(ByteSource& source, const std::string& name,
                                                std::uint64_t memory_limit = kProfileMemoryLimit);

}  // namespace memprof
