#pragma once
// Where the bytes of a profile come from: memory, a file, or either of them behind zstd. Always piece by piece.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace memprof {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next bytes, valid until the next call; empty at the end and after a failure.
  [[nodiscard]] virtual std::string_view next() = 0;
  /// Empty, or what went wrong, as the rest of a sentence that begins with the file's name.
  const std::string& problem() const { return problem_; }

 protected:
  std::string_view fail(std::string problem) {
    problem_ = std::move(problem);
    return {};
  }

 private:
  std::string problem_;
};

/// `text` must outlive the source.
[[nodiscard]] std::unique_ptr<ByteSource> memory_source(std::string_view text);

/// A file that can't be opened is a problem() from the start.
[[nodiscard]] std::unique_ptr<ByteSource> file_source(const std::string& path);

/// Looks at the first bytes, not at a name: what begins with zstd's magic number is decompressed.
[[nodiscard]] std::unique_ptr<ByteSource> decompressed(std::unique_ptr<ByteSource> source);

}  // namespace memprof
