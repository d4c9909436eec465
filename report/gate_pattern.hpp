#pragma once
// What a budget is for: a glob for functions, source files or modules, or for a piece of a call stack.
//
//   Parser::*                  a function by its folded name (fingerprint.hpp) or by its whole one
//   */json/*.cpp, lexer.c      a source file by its path, or by its base name where the glob has no "/"
//   libfoo.so*                 a module, likewise
//   fill <- ... <- load*       functions of the user's code, innermost first; "..." is any number of them
//
// A call stack belongs to the budget when any of its frames matches, so what a function asks others to do counts.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/fingerprint.hpp"

namespace memprof::report {

class GatePattern {
 public:
  explicit GatePattern(const std::string& text);  ///< an empty one matches everything

  bool everything() const { return globs_.empty(); }

  /// By stack node: whether a stack that begins there belongs.
  std::vector<bool> stacks(const Profile& profile, const FunctionPaths& paths) const;
  /// Whether any frame of the profile matches, be it on a stack that allocates or not.
  bool matches_anything(const Profile& profile, const FunctionPaths& paths) const;

 private:
  bool matches_frame(const Profile& profile, const FunctionPaths& paths, FrameIndex frame) const;
  bool matches_path(const FunctionPath& path) const;

  std::vector<std::string> globs_;  ///< one, or those between the arrows
};

}  // namespace memprof::report
