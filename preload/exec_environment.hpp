#pragma once
// The environment of a program that is about to be started: with memprof's variables, whatever the caller left of them,
// or without. Takes no lock and no memory of its own, so it works between vfork and exec.

#include <cstddef>

namespace memprof::preload {

/// What becomes of memprof's variables.
enum class Variables {
  kKeep,    ///< they are there, also when the caller did not hand them on
  kRemove,  ///< they are not there: the program runs as it would without memprof
};

/// Two steps, so that the caller can have the memory on its stack.
class ExecEnvironment {
 public:
  /// `given` may be null, which Linux takes for empty.
  ExecEnvironment(char* const* given, Variables variables);

  /// What write() needs; 0: it is as it should be.
  std::size_t bytes() const { return bytes_; }
  /// The environment to pass: in `memory`, or as it was given when bytes() is 0 or `memory` is null.
  char* const* write(void* memory) const;

 private:
  char* const* given_;
  Variables variables_;
  std::size_t count_ = 0;          // of what was given
  const char* preload_ = nullptr;  // value of LD_PRELOAD as it was given
  std::size_t preload_bytes_ = 0;  // of the text of its new entry
  std::size_t bytes_ = 0;
};

}  // namespace memprof::preload
