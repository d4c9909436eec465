#pragma once
// Takes the demangled name of a function or type apart: scopes, template arguments.

#include <string_view>
#include <vector>

namespace memprof::collect {

/// One part between two "::".
struct NamePart {
  std::string_view name;       ///< "vector", "(anonymous namespace)", "{lambda()#1}"
  std::string_view arguments;  ///< "int, std::allocator<int> " of "vector<int, std::allocator<int> >"; empty: none
  std::string_view whole;      ///< both, with the brackets
};

/// Parts from the outside in, without return type and parameters. Views into `name`.
std::vector<NamePart> split_qualified_name(std::string_view name);

/// Splits "int, std::pair<int, char> " at the commas that are in no bracket; trimmed.
std::vector<std::string_view> split_arguments(std::string_view arguments);

/// Position behind the bracket that closes the one at `open`; the text's length when none does.
std::size_t after_bracket(std::string_view text, std::size_t open);

}  // namespace memprof::collect
