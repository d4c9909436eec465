#pragma once
// What the collector reads of a target under /proc while it lives. All of it may be gone at any time: then it is
// empty, without an error.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "collect/unique_fd.hpp"

namespace memprof::collect {

class TargetFiles {
 public:
  /// Before open(), and when `pid` is gone, everything is unknown.
  void open(pid_t pid);

  /// 0: unknown.
  pid_t pid() const { return pid_; }
  /// Resident bytes, 0: unknown.
  std::uint64_t rss_bytes() const;
  std::string thread_name(std::uint32_t tid) const;
  /// Absolute path of the program that ran when open() was called.
  const std::string& executable() const { return executable_; }

  /// The program's file, or a file by the path that the target knows it by; regular files only.
  UniqueFd open_executable() const;
  UniqueFd open_module(const std::string& path) const;

 private:
  std::string proc(const std::string& name) const;

  pid_t pid_ = 0;
  UniqueFd statm_;
  std::string executable_;
};

}  // namespace memprof::collect
