#pragma once
// Unfreed blocks that are kept on purpose, or are somebody else's: LeakSanitizer's and Memcheck's suppression files,
// so that teams keep the ones they have, and a set of our own for what common libraries keep until the end.
//
// A file may hold both kinds:
//
//   leak:PATTERN          matches when a frame's function, source file or module contains PATTERN; "*" is any text,
//                         "^" at the front and "$" at the end tie it to the whole name
//
//   {
//     name
//     Memcheck:Leak                       blocks for other tools and other errors are stepped over
//     match-leak-kinds: definite          only "none" matters: the kinds are not told apart yet
//     fun:PATTERN  obj:PATTERN  src:FILE[:LINE]  ...
//   }                                     frame by frame from the innermost, which is malloc, operator new, ...
//
// Memcheck wants mangled C++ names in fun:; here mangled and demangled ones both work.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/result.hpp"
#include "report/gate.hpp"

namespace memprof::report {

/// A frame as suppressions see it.
struct SuppressibleFrame {
  std::string_view function;  ///< demangled, with parameters; may be empty
  std::string_view folded;    ///< see fingerprint.hpp
  std::string_view file;
  std::string_view module;
  std::uint32_t line = 0;
};

struct FramePattern {
  enum class Kind : std::uint8_t { kFunction, kObject, kSource, kAnyFrames };
  Kind kind = Kind::kAnyFrames;
  std::string pattern;
  std::string demangled;  ///< of a mangled function pattern; empty: is none
};

struct Suppression {
  std::string name;
  std::string origin;  ///< "lsan.supp:3" or "built-in"
  bool built_in = false;
  std::string leak_pattern;          ///< of a "leak:" line
  std::vector<FramePattern> frames;  ///< of a Memcheck block
};

class SuppressionSet {
 public:
  /// Errors name file and line.
  [[nodiscard]] Result<void> add_file(const std::string& path);
  [[nodiscard]] Result<void> add_text(std::string_view text, const std::string& name, bool built_in = false);
  /// What libc, ld.so, libstdc++ and common libraries keep on purpose; listed in docs/suppressions.md.
  void add_built_in();

  const std::vector<Suppression>& entries() const { return entries_; }

  /// The first that matches a call stack; `stack` is from the innermost frame, which stands for the hook.
  std::optional<std::size_t> match(const std::vector<SuppressibleFrame>& stack) const;

 private:
  std::vector<Suppression> entries_;
};

/// Memcheck blocks that suppress the failing sites of a verdict, and nothing but them as far as names tell.
std::string suppressions_for(const Verdict& verdict);

/// Memcheck blocks, as the built-in ones are written.
std::string_view built_in_suppressions();

}  // namespace memprof::report
