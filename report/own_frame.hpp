#pragma once
// Which frame of a stack a report names as the place of an allocation or free.
//
// The literally innermost frames are nearly always `operator new`, `std::allocator<T>::allocate` and the like: true,
// and of no use. So a site's own frame is the innermost one outside the allocator and the standard libraries
// (C, C++, Rust), told by function name, by source path (system headers) and by module. A place in a file is the
// innermost of those that has a source line, so that a library without debug information is named by the line of
// the program that called into it. A stack of library frames only keeps its innermost frame that isn't an
// allocation function. `innermost` switches all of this off.

#include <cstdint>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

enum class FrameKind : std::uint8_t {
  kProgram,    ///< what somebody wrote
  kLibrary,    ///< standard library of a language, system header
  kAllocator,  ///< malloc, operator new, g_malloc and the like, in whatever module
};

/// By the table's rows.
std::vector<FrameKind> classify_frames(const Profile& profile);

/// Whether a line of somebody's own code is known: without one, a table of source lines has nothing to show.
bool has_program_lines(const Profile& profile);

/// The qualified name without return type, template arguments and parameters:
/// "void std::vector<int, …>::_M_realloc_insert<…>(…)" is "std::vector::_M_realloc_insert".
std::string bare_function_name(std::string_view demangled);

/// For every node of the stack tree the node on its path that holds its own frame; a pseudo-root's is itself.
struct OwnFrames {
  std::vector<NodeIndex> code;    ///< names functions, modules and stacks
  std::vector<NodeIndex> source;  ///< names lines and files
};
OwnFrames find_own_frames(const Profile& profile, bool innermost);

}  // namespace memprof::report
