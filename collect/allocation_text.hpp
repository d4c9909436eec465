#pragma once
// What a line of C or C++ says about the blocks it allocates: `new T`, `malloc(sizeof(T))`, `malloc(sizeof *p)`.

#include <string_view>
#include <vector>

namespace memprof::collect {

/// Views into the line. A word after sizeof may be a type or a variable: it is in both lists then.
struct AllocationText {
  std::vector<std::string_view> types;     ///< "Foo", "std::vector<int>", "Foo*"; without struct, const and the like
  std::vector<std::string_view> pointers;  ///< "p": what it points to is meant
};

AllocationText read_allocation(std::string_view line);

}  // namespace memprof::collect
