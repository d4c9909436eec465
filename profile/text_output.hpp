#pragma once
// Writes a file piece by piece, so that a large one never exists in memory as a whole.

#include <array>
#include <charconv>
#include <concepts>
#include <functional>
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
    buffer_.append(text);
    if (buffer_.size() >= kBufferBytes) flush();
  }

  template <std::integral T>
  void number(T value) {
    append_number(value);
  }
  /// The shortest text that reads back as the same double; what is infinite or not a number becomes 0.
  void number(double value);

  [[nodiscard]] Result<void> finish();

 private:
  static constexpr std::size_t kBufferBytes = 256 * 1024;

  template <typename T>
  void append_number(T value) {
    std::array<char, 32> digits;  // 20 for an integer, 24 for a double
    raw({digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr});
  }
  void flush();

  ByteSink sink_;
  std::string buffer_;
  Result<void> status_;
};

}  // namespace memprof
