#pragma once
#include <string>

#include "profile/text_output.hpp"

namespace memprof::tests {

/// Everything that `write` gives to the sink it is called with.
template <typename Write>
std::string exported(Write&& write) {
  std::string bytes;
  const Result<void> written = write([&](std::string_view piece) {
    bytes += piece;
    return Result<void>();
  });
  return written ? bytes : "failed: " + written.error().what;
}

}  // namespace memprof::tests
