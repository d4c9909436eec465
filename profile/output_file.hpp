#pragma once
// A file that appears whole or not at all: written beside its final place, then renamed. Not synced to the disk: a
// profile can be recorded again, and waiting for a slow disk at the end of every run would cost more than that.

#include <string>
#include <string_view>

#include "profile/result.hpp"

namespace memprof {

/// One thread. What exists and is no regular file (a pipe, /dev/stdout) is written to directly.
class OutputFile {
 public:
  /// Mode 0600, since a profile holds command lines and paths. A symbolic link is followed, not replaced.
  [[nodiscard]] static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  /// Removes what was written, unless it was committed.
  ~OutputFile();

  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// Puts the file in its place, instead of what was there.
  [[nodiscard]] Result<void> commit();

 private:
  OutputFile(std::string name, std::string final_path, std::string temporary_path, int descriptor);
  [[nodiscard]] tl::unexpected<Error> failed(int error_number) const;

  std::string name_;  // as the user wrote it
  std::string final_path_;
  std::string temporary_path_;  // empty: written directly
  int descriptor_;
};

}  // namespace memprof
