#pragma once
// The private directory that holds the session's socket.

#include <string>

#include "profile/result.hpp"

namespace memprof::collect {

/// A fresh directory (mode 0700) below $XDG_RUNTIME_DIR, or /tmp where that is not usable. Removed with everything in
/// it by the destructor.
class SessionDirectory {
 public:
  [[nodiscard]] static Result<SessionDirectory> create();
  ~SessionDirectory();
  SessionDirectory(SessionDirectory&& other) noexcept;
  SessionDirectory& operator=(SessionDirectory&&) = delete;

  const std::string& path() const { return path_; }
  std::string socket_path() const { return path_ + "/socket"; }

  /// A name for `library` that LD_PRELOAD can carry: itself, or a symbolic link in here when it has a space or a colon,
  /// which LD_PRELOAD takes for separators.
  [[nodiscard]] Result<std::string> preloadable(const std::string& library) const;

 private:
  explicit SessionDirectory(std::string path) : path_(std::move(path)) {}
  std::string library_link() const { return path_ + "/libmemprof.so"; }

  std::string path_;
};

}  // namespace memprof::collect
