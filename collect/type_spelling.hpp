#pragma once
// Type names as programmers write them: without what compilers, demanglers and standard libraries put in.

#include <cstdint>
#include <string>
#include <string_view>

namespace memprof::collect {

/// "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const" is "const std::string":
/// without default template arguments, inline namespaces and suffixes of numbers; aliases of the standard library; one
/// spelling of integer types; const in front. The same for every compiler and for names from DWARF and from symbols.
std::string spelled_type(std::string_view type);

/// Whether the name belongs to the implementation of a standard library: some part of it is reserved (_Foo, __foo).
bool is_reserved_type(std::string_view type);

/// Size in bytes of pointers and built-in types on this machine, by spelled name; 0: unknown.
std::uint64_t built_in_size(std::string_view spelled);

}  // namespace memprof::collect
