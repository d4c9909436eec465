#include "report/filter.hpp"

#include <charconv>

#include <fnmatch.h>

#include "report/frame_names.hpp"

namespace memprof::report {
namespace {

/// By frame; each path is matched once.
std::vector<bool> matching_frames(const Profile& profile, const Filter& filter) {
  std::vector<std::int8_t> paths(profile.strings.size(), -1);
  std::vector<bool> matching(profile.frames.size());
  for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
    const Frame& frame = profile.frames[i];
    if (filter.line && (*filter.line != frame.line || frame.file == 0)) continue;
    const StringIndex path =
        frame.file != 0 || frame.module == kNoIndex ? frame.file : profile.modules[frame.module].path;
    if (paths[path] < 0) paths[path] = glob_matches(filter.glob, profile.text(path)) ? 1 : 0;
    matching[i] = paths[path] == 1;
  }
  return matching;
}

/// By stack node: whether the filter matches the own frame, or with all_frames any frame.
std::vector<bool> matching_stacks(const Profile& profile, const Filter& filter, bool all_frames, const OwnFrames& own) {
  const std::vector<bool> frames = matching_frames(profile, filter);
  std::vector<bool> matching(profile.stacks.size());
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    const NodeIndex parent = profile.stacks[node].parent;
    const FrameIndex frame = profile.stacks[all_frames ? node : own.source[node]].frame;
    matching[node] = (frame != kNoIndex && frames[frame]) || (all_frames && parent != kNoIndex && matching[parent]);
  }
  return matching;
}

}  // namespace

bool glob_matches(const std::string& glob, const std::string& path) {
  const std::string& subject = glob.find('/') == std::string::npos ? base_name(path) : path;
  return fnmatch(glob.c_str(), subject.c_str(), FNM_NOESCAPE) == 0;
}

Result<Filter> parse_filter(const std::string& text) {
  Filter filter{text, std::nullopt};
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos) {
    std::uint32_t line = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data() + colon + 1, end, line);
    if (error != std::errc{} || after != end || line == 0) {
      return failure("filter '" + text + "': '" + text.substr(colon + 1) + "' is not a line number",
                     "a filter is GLOB or GLOB:LINE, such as '*/json/*' or 'app.cpp:42'");
    }
    filter = {text.substr(0, colon), line};
  }
  if (filter.glob.empty()) {
    return failure("filter '" + text + "' has no file pattern", "for every file write '*'");
  }
  return filter;
}

std::vector<bool> kept_stacks(const Profile& profile, const FilterRules& rules, const OwnFrames& own) {
  if (rules.empty()) return {};
  std::vector<bool> kept(profile.stacks.size(), rules.include.empty());
  for (const Filter& filter : rules.include) {
    const std::vector<bool> matching = matching_stacks(profile, filter, rules.all_frames, own);
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = kept[i] || matching[i];
  }
  for (const Filter& filter : rules.exclude) {
    const std::vector<bool> matching = matching_stacks(profile, filter, rules.all_frames, own);
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = kept[i] && !matching[i];
  }
  return kept;
}

}  // namespace memprof::report
