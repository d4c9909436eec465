#pragma once
// The type of a block by the names of the functions on its stack: std::allocator<T>::allocate, called by
// std::map<K, V>::operator[], called by the program.

#include <cstdint>
#include <span>
#include <string_view>

#include "collect/found_type.hpp"

namespace memprof::collect {

struct NamedFrame {
  std::string_view function;         ///< demangled
  std::string_view argument = {};    ///< T of a generic Rust function, whose name only says "T"; empty: none
  std::uint64_t argument_bytes = 0;  ///< sizeof(T) of an allocator<T>::allocate(); 0: unknown
};

/// Whether the function belongs to a standard library or to an allocator, so that its caller is to be looked at as
/// well.
bool is_library_function(std::string_view demangled);

/// `frames` innermost first, from the caller of the allocation function up to the first frame of the program, that
/// one included.
FoundType type_from_names(std::span<const NamedFrame> frames);

}  // namespace memprof::collect
