#include "report/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "report/frame_names.hpp"
#include "report/own_frame.hpp"

namespace memprof::report {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kStartupNames = {"_start"sv,    "__libc_start_main"sv, "__libc_csu_init"sv,
                                      "call_init"sv, "_dl_start_user"sv,    "__libc_start_main_impl"sv};
constexpr std::array kSystemDirectories = {"/usr/lib/"sv,   "/lib/"sv,   "/usr/lib64/"sv,  "/lib64/"sv,
                                           "/usr/lib32/"sv, "/lib32/"sv, "/usr/libexec/"sv};

bool is_system_module(std::string_view path) {
  return std::any_of(kSystemDirectories.begin(), kSystemDirectories.end(),
                     [&](std::string_view directory) { return path.starts_with(directory); });
}

bool is_startup(const std::string& folded) {
  return std::find(kStartupNames.begin(), kStartupNames.end(), folded) != kStartupNames.end();
}

/// A function that only the dynamic symbol table's next neighbour could name, or none, goes by its module.
std::string folded_name(const Profile& profile, const Frame& frame) {
  if (frame.function == 0 || frame.nearest) return "(" + base_name(module_name(profile, frame)) + ")";
  return fold_function_name(profile.text(frame.function));
}

/// FNV-1a over the text, then a finisher, so that similar paths do not look alike in a sorted file.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;  // MurmurHash3's fmix64
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

std::string path_text(const FunctionPath& path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : " <- ") + name;
  return text;
}

std::string fingerprint(const FunctionPath& path) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash_of(path_text(path))));
  return text.data();
}

FunctionPaths::FunctionPaths(const Profile& profile) : profile_(profile) {
  const std::vector<FrameKind> kinds = classify_frames(profile);
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (std::size_t i = 0; i < profile.frames.size(); ++i) {
    const Frame& frame = profile.frames[i];
    const auto [entry, inserted] =
        numbers.try_emplace(folded_name(profile, frame), static_cast<std::uint32_t>(names_.size()));
    if (inserted) names_.push_back(entry->first);
    const std::string module = module_name(profile, frame);
    const bool system = module != profile.process.executable && is_system_module(module);
    const bool startup = is_startup(entry->first);
    roles_.push_back({kinds[i] == FrameKind::kProgram && !system && !startup, entry->second});
    library_.push_back(kinds[i] != FrameKind::kAllocator && !startup);
  }
}

FunctionPath FunctionPaths::of(NodeIndex stack) const {
  FunctionPath own, library;
  const auto add = [this](FunctionPath& path, FrameIndex frame) {
    const std::string& name = folded(frame);
    if (path.size() < kPathLimit && (path.empty() || path.back() != name)) path.push_back(name);
  };
  for (NodeIndex node = stack; node != kNoIndex; node = profile_.stacks[node].parent) {
    const FrameIndex frame = profile_.stacks[node].frame;
    if (frame == kNoIndex) continue;
    if (roles_[frame].own) add(own, frame);
    if (own.empty() && library_[frame]) add(library, frame);
    if (own.size() == kPathLimit) break;
  }
  if (!own.empty()) return own;
  return library.empty() ? FunctionPath{"(no call stack)"} : library;
}

}  // namespace memprof::report
