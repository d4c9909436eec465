#pragma once
// What makes two call stacks the same in the eyes of a baseline: the functions of the user's code that they lead
// through. Whatever changes from build to build without the code having changed is left out.
//
// - Only frames of the user's code count: neither standard libraries nor allocators, nor libraries of the system
//   (below /usr/lib, /lib), nor what runs before main(). A stack without any keeps the library frames it has.
// - Names are folded by fold_function_name(). No addresses, no lines, no files, hence no directories either.
// - A function that was inlined counts as if it had been called, so the compiler's choice to inline does not show.
//   Recursion counts once, however deep.
// - At most the kPathLimit innermost functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

inline constexpr std::size_t kPathLimit = 32;

/// "void ns::Box<int>::fill(int) const [clone .constprop.0]" is "ns::Box::fill". Return types, parameters, template
/// arguments, ABI tags, clone suffixes and the numbers of lambdas go; GCC's and Clang's words for lambdas, anonymous
/// namespaces, static initialization and OpenMP regions become the same.
std::string fold_function_name(std::string_view demangled);

using FunctionPath = std::vector<std::string>;  ///< folded names, innermost first; never empty

/// 16 hex digits.
std::string fingerprint(const FunctionPath& path);

/// "fill <- parse <- main"
std::string path_text(const FunctionPath& path);

/// What a frame is for the gate.
struct FrameRole {
  bool own = false;      ///< the user's code
  std::uint32_t folded;  ///< index in FunctionPaths::names
};

/// The paths of one profile's stacks.
class FunctionPaths {
 public:
  explicit FunctionPaths(const Profile& profile);

  FunctionPath of(NodeIndex stack) const;
  bool own(FrameIndex frame) const { return roles_[frame].own; }
  const std::string& folded(FrameIndex frame) const { return names_[roles_[frame].folded]; }

 private:
  const Profile& profile_;
  std::vector<std::string> names_;
  std::vector<FrameRole> roles_;  ///< by frame
  std::vector<bool> library_;     ///< by frame: fit to stand in for user code that is not there
};

}  // namespace memprof::report
