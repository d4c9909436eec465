#pragma once
// Writes a file piece by piece, so that a large one never exists in memory as a whole.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "profile/result.hpp"

namespace memprof {

/// Takes the next bytes of a file that is being written.
using ByteSink = std::function<Result<void>(std::string_view)>;

/// One thread, one use. After the sink has failed everything else is ignored; finish() says what happened.
class TextOutput {
 public:
  explicit TextOutput(ByteSink sink);

  /// Verbatim.
  void raw(std::string_view text) {
    if (text.size() > kBufferBytes - used_) return raw_beyond(text);
    text.copy(buffer_.get() + used_, text.size());
    used_ += text.size();
  }

  void character(char c) {
    if (used_ == kBufferBytes) flush();
    buffer_[used_++] = c;
  }

  template <std::integral T>
  void number(T value) {
    if (value >= 0 && value < 10) {
      character(static_cast<char>('0' + value));
    } else {
      append_number(value);
    }
  }
  /// The shortest text that reads back as the same double; what is infinite or not a number becomes 0.
  void number(double value);

  /// Hands on what the buffer holds.
  void flush();
  [[nodiscard]] Result<void> finish();

 private:
  static constexpr std::size_t kBufferBytes = 256 * 1024;

  template <typename T>
  void append_number(T value) {
    constexpr std::size_t kLongest = 32;  // 20 for an integer, 24 for a double
    if (kBufferBytes - used_ < kLongest) flush();
    char* const place = buffer_.get() + used_;
    used_ += static_cast<std::size_t>(std::to_chars(place, place + kLongest, value).ptr - place);
  }
  /// What does not fit any more.
  void raw_beyond(std::string_view text);

  ByteSink sink_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  Result<void> status_;
};

}  // namespace memprof
