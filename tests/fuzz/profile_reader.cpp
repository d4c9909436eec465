// libFuzzer target: any bytes are refused in one line, or are a profile that reads back from what is written of it.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "profile/index_check.hpp"
#include "profile/profile_file.hpp"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto profile = memprof::parse_profile(text, "input");
  if (!profile) {
    require(profile.error().what.starts_with("input"), "the error does not name the file");
    for (const char c : profile.error().what) require(c >= ' ' && c <= '~', "the error holds bytes of the file");
    return 0;
  }
  require(memprof::broken_promise(*profile).empty(), "a broken promise was accepted");
  require(memprof::parse_profile(memprof::format_profile(*profile), "copy") == *profile, "it does not read back");
  return 0;
}
