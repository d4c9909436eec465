#include "report/gate_pattern.hpp"

#include <algorithm>

#include "report/wildcard.hpp"

namespace memprof::report {
namespace {

constexpr std::string_view kArrow = "<-";
constexpr std::string_view kAnyFunctions = "...";

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

bool name_matches(const std::string& glob, std::string_view name) {
  return wildcard_matches(glob, name, Wildcards::kStarAndQuestionMark);
}

bool file_matches(const std::string& glob, std::string_view path) {
  const bool whole = glob.find('/') != std::string::npos;
  return name_matches(glob, whole ? path : path.substr(path.rfind('/') + 1));
}

/// Whether globs[g…] match path[p…] from its beginning on.
bool match_from(const std::vector<std::string>& globs, std::size_t g, const FunctionPath& path, std::size_t p) {
  if (g == globs.size()) return true;
  if (globs[g] == kAnyFunctions) {
    for (std::size_t next = p; next <= path.size(); ++next) {
      if (match_from(globs, g + 1, path, next)) return true;
    }
    return false;
  }
  return p < path.size() && name_matches(globs[g], path[p]) && match_from(globs, g + 1, path, p + 1);
}

}  // namespace

GatePattern::GatePattern(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t arrow = rest.find(kArrow);
    globs_.push_back(trimmed(rest.substr(0, arrow)));
    rest = arrow == std::string_view::npos ? std::string_view{} : rest.substr(arrow + kArrow.size());
  }
}

bool GatePattern::matches_frame(const Profile& profile, const FunctionPaths& paths, FrameIndex index) const {
  const std::string& glob = globs_.front();
  const Frame& frame = profile.frames[index];
  if (name_matches(glob, paths.folded(index)) || name_matches(glob, profile.text(frame.function))) return true;
  if (frame.file != 0 && file_matches(glob, profile.text(frame.file))) return true;
  return frame.module != kNoIndex && file_matches(glob, profile.text(profile.modules[frame.module].path));
}

bool GatePattern::matches_path(const FunctionPath& path) const {
  for (std::size_t begin = 0; begin < path.size(); ++begin) {
    if (match_from(globs_, 0, path, begin)) return true;
  }
  return false;
}

std::vector<bool> GatePattern::stacks(const Profile& profile, const FunctionPaths& paths) const {
  std::vector<bool> belongs(profile.stacks.size(), everything());
  if (everything()) return belongs;
  if (globs_.size() > 1) {
    for (const Site& site : profile.sites) belongs[site.stack] = matches_path(paths.of(site.stack));
    return belongs;
  }
  std::vector<bool> frames(profile.frames.size());
  for (FrameIndex i = 0; i < frames.size(); ++i) frames[i] = matches_frame(profile, paths, i);
  for (NodeIndex node = 0; node < belongs.size(); ++node) {  // parents come first
    const StackNode& entry = profile.stacks[node];
    belongs[node] =
        (entry.frame != kNoIndex && frames[entry.frame]) || (entry.parent != kNoIndex && belongs[entry.parent]);
  }
  return belongs;
}

bool GatePattern::matches_anything(const Profile& profile, const FunctionPaths& paths) const {
  if (everything()) return true;
  if (globs_.size() > 1) {
    const std::vector<bool> belongs = stacks(profile, paths);
    return std::find(belongs.begin(), belongs.end(), true) != belongs.end();
  }
  for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
    if (matches_frame(profile, paths, i)) return true;
  }
  return false;
}

}  // namespace memprof::report
