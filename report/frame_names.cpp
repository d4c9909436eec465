#include "report/frame_names.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>

namespace memprof::report {

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string module_name(const Profile& profile, const Frame& frame) {
  if (frame.module == kNoIndex) return "??";
  const std::string& path = profile.text(profile.modules[frame.module].path);
  return path.empty() ? "??" : path;
}

std::string function_name(const Profile& profile, const Frame& frame) {
  if (frame.function != 0) return (frame.nearest ? "near " : "") + profile.text(frame.function);
  if (frame.module == kNoIndex) return "??";
  std::array<char, 24> offset{};
  std::snprintf(offset.data(), offset.size(), "+0x%" PRIx64, frame.offset);
  return base_name(module_name(profile, frame)) + offset.data();
}

std::string line_name(const Profile& profile, const Frame& frame) {
  if (frame.file != 0 && frame.line != 0) return profile.text(frame.file) + ":" + std::to_string(frame.line);
  const std::string function = function_name(profile, frame);
  if (frame.function == 0 || frame.module == kNoIndex) return function;
  return function + " (" + base_name(module_name(profile, frame)) + ")";
}

std::string file_name(const Profile& profile, const Frame& frame) {
  return frame.file != 0 ? profile.text(frame.file) : module_name(profile, frame);
}

}  // namespace memprof::report
