#pragma once
// Paths, arguments and symbol names may hold any byte; a JSON file must be UTF-8. A byte that is not part of
// well-formed UTF-8 is written as the private-use character U+EF00 + byte (U+EF80 to U+EFFF), and read back as that
// byte. Real characters of that range are written byte by byte in the same way, so nothing is ambiguous and nothing is
// lost.

#include <cstddef>
#include <string>
#include <string_view>

namespace memprof {

/// Length of the well-formed UTF-8 sequence at `position`; 0: the byte there has to be escaped.
[[nodiscard]] std::size_t plain_sequence_length(std::string_view bytes, std::size_t position);

/// The three UTF-8 bytes that stand for `byte`, which must be 0x80 or higher.
[[nodiscard]] std::string escaped_byte(unsigned char byte);

/// Any bytes to valid UTF-8.
[[nodiscard]] std::string bytes_to_utf8(std::string_view bytes);

/// The reverse, in place.
void utf8_to_bytes(std::string& text);

}  // namespace memprof
