#pragma once
// Which functions the machine code of a file calls: for code that its debug information doesn't describe calls in,
// because it isn't optimised.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collect/symbol_elf.hpp"

namespace memprof::collect {

struct CalledFunction {
  std::uint64_t return_address = 0;
  std::string_view symbol;  ///< mangled
};

/// x86-64; elsewhere nothing is found. One thread; `file` must outlive it.
class CalledFunctions {
 public:
  explicit CalledFunctions(const ElfFile& file) : file_(file) {}

  /// Calls of functions of the same file in `bytes` bytes of code from `address` on, by address. Only calls that name
  /// their target: no pointers, no other libraries.
  std::vector<CalledFunction> after(std::uint64_t address, std::uint64_t bytes);

 private:
  void read_symbols();

  const ElfFile& file_;
  bool symbols_read_ = false;
  std::unordered_map<std::uint64_t, std::string_view> symbols_;  ///< of functions, by address
};

}  // namespace memprof::collect
