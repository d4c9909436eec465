#pragma once
// Writes JSON piece by piece, so that a large profile never exists as one tree or one string.

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "profile/result.hpp"

namespace memprof {

/// Takes the next bytes of a file that is being written.
using ByteSink = std::function<Result<void>(std::string_view)>;

/// One thread, one use. After the sink has failed everything else is ignored; finish() says what happened.
class JsonText {
 public:
  explicit JsonText(ByteSink sink);

  /// Punctuation and keys, verbatim.
  void raw(std::string_view text);

  template <std::integral T>
  void number(T value) {
    if constexpr (std::signed_integral<T>) {
      signed_number(value);
    } else {
      unsigned_number(value);
    }
  }
  /// The shortest text that reads back as the same double; what JSON can't say (infinite, not a number) becomes 0.
  void number(double value);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  /// Any bytes; see byte_text.hpp for those that are not UTF-8.
  void string(std::string_view bytes);

  [[nodiscard]] Result<void> finish();

 private:
  void signed_number(std::int64_t value);
  void unsigned_number(std::uint64_t value);
  void escaped_string(std::string_view bytes);
  void flush();

  ByteSink sink_;
  std::string buffer_;
  Result<void> status_;
};

}  // namespace memprof
