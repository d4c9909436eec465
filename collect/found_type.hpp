#pragma once
// What one piece of evidence says about the type of a block.

#include <cstdint>
#include <string>

#include "profile/profile.hpp"

namespace memprof::collect {

struct FoundType {
  std::string name;  ///< as a programmer writes it; empty: nothing found
  std::string raw_name;
  std::string part;             ///< of the container; empty: the object itself
  std::uint64_t raw_bytes = 0;  ///< sizeof the raw type; 0: unknown
  TypeEvidence evidence = TypeEvidence::kTemplateArgument;
};

/// Sizes of the blocks of one site.
struct BlockSizes {
  std::uint64_t smallest = 0, largest = 0;
  std::uint64_t divisor = 0;  ///< greatest common divisor
  bool array_new = false;     ///< operator new[] may put the number of elements in front of them
  bool single_new = false;    ///< operator new: mostly one object

  bool are_all(std::uint64_t bytes) const { return smallest == bytes && largest == bytes; }
};

/// A block whose size is no multiple of the type's is not of that type. True also where the type's size is unknown.
inline bool sizes_agree(const BlockSizes& sizes, std::uint64_t type_bytes) {
  if (type_bytes == 0 || sizes.divisor % type_bytes == 0) return true;
  // The Itanium C++ ABI's cookie takes a size_t, or the elements' alignment where that is more.
  constexpr std::uint64_t kCookie = 8;
  return sizes.array_new && sizes.smallest >= kCookie && (sizes.smallest - kCookie) % type_bytes == 0 &&
         (sizes.largest - kCookie) % type_bytes == 0;
}

}  // namespace memprof::collect
