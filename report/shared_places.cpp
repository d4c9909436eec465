#include "report/shared_places.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "report/name_matching.hpp"
#include "report/number_table.hpp"
#include "report/own_frame.hpp"

namespace memprof::report {
namespace {

/// The same numbers for the same texts.
class Numbers {
 public:
  std::uint32_t of(const std::string& text) {
    return numbers_.try_emplace(text, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  std::uint32_t count() const { return static_cast<std::uint32_t>(numbers_.size()); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

/// The new profile's name for each source path of one profile, by string.
using PathNames = std::vector<std::string>;

std::vector<std::string> source_paths(const Profile& profile) {
  std::vector<bool> seen(profile.strings.size());
  std::vector<std::string> paths;
  for (const Frame& frame : profile.frames) {
    if (frame.file == 0 || seen[frame.file]) continue;
    seen[frame.file] = true;
    paths.push_back(normalised_path(profile.text(frame.file)));
  }
  return paths;
}

PathNames path_names(const Profile& profile, const std::map<std::string, std::string>& matches) {
  PathNames names(profile.strings.size());
  for (const Frame& frame : profile.frames) {
    if (frame.file == 0 || !names[frame.file].empty()) continue;
    const std::string path = normalised_path(profile.text(frame.file));
    const auto match = matches.find(path);
    names[frame.file] = match == matches.end() ? path : match->second;
  }
  return names;
}

std::string module_key(const Profile& profile, const Frame& frame) {
  return frame.module == kNoIndex ? "?" : normalised_module(profile.text(profile.modules[frame.module].path));
}

std::string key_text(const Profile& profile, const PathNames& paths, const Frame& frame, PlaceKind kind) {
  const std::string function = normalised_function(profile.text(frame.function));
  switch (kind) {
    case PlaceKind::kModule:
      return module_key(profile, frame);
    case PlaceKind::kFile:
      return frame.file != 0 ? "f" + paths[frame.file] : "m" + module_key(profile, frame);
    case PlaceKind::kFunction:
      return frame.function != 0 ? function + '\n' + paths[frame.file] : "m" + module_key(profile, frame);
    case PlaceKind::kLine:
      break;  // only lines without source come here
  }
  if (frame.function != 0) return function + '\n' + module_key(profile, frame);
  return module_key(profile, frame) + '+' + std::to_string(frame.offset);
}

/// A place in the source that awaits its number.
struct SourceLine {
  std::uint32_t place = 0;  ///< in its profile's Places
  std::uint32_t line = 0;
  std::uint32_t function_line = 0;
  std::string text;  ///< without indentation; empty: unknown

  bool same_distance(const SourceLine& other) const {
    if (function_line == 0 || other.function_line == 0) return line == other.line;
    return std::int64_t{line} - function_line == std::int64_t{other.line} - other.function_line;
  }
  bool may_be(const SourceLine& other) const { return text.empty() || other.text.empty() || text == other.text; }
};

/// By path in the new profile and bare function name.
using SourceLines = std::map<std::pair<std::string, std::string>, std::vector<SourceLine>>;

std::string line_text(const DiffSide& side, const Frame& frame) {
  const SourceFile* source = side.sources.find(side.profile.text(frame.file));
  const std::int64_t start = side.profile.process.start_unix_ms;
  if (source == nullptr || frame.line > source->lines.size() || source->modified_unix_ms > start) return {};
  const std::string& line = source->lines[frame.line - 1];
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin == std::string::npos ? std::string{} : line.substr(begin);
}

SourceLines collect_source_lines(const DiffSide& side, const PathNames& paths, const Places& places) {
  SourceLines lines;
  for (std::uint32_t place = 0; place < places.example.size(); ++place) {
    const Frame& frame = side.profile.frames[places.example[place]];
    if (frame.file == 0 || frame.line == 0) continue;
    const std::string function = bare_function_name(normalised_function(side.profile.text(frame.function)));
    lines[{paths[frame.file], function}].push_back({place, frame.line, frame.function_line, line_text(side, frame)});
  }
  return lines;
}

/// Pairs the lines of one function: equal texts first where they are unique, then equal distances.
class LinePairing {
 public:
  LinePairing(const std::vector<SourceLine>& olds, const std::vector<SourceLine>& news)
      : olds_(olds), news_(news), new_of_old_(olds.size(), kNoIndex), taken_(news.size(), false) {
    pair_texts();
    pair([](const SourceLine& a, const SourceLine& b) { return a.line == b.line && a.same_distance(b); });
    pair([](const SourceLine& a, const SourceLine& b) { return a.same_distance(b); });
  }

  /// Index of the new line for each old one, or kNoIndex.
  const std::vector<std::uint32_t>& result() const { return new_of_old_; }

 private:
  void pair_texts() {
    std::map<std::string, std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>> by_text;
    for (std::uint32_t i = 0; i < olds_.size(); ++i) by_text[olds_[i].text].first.push_back(i);
    for (std::uint32_t i = 0; i < news_.size(); ++i) by_text[news_[i].text].second.push_back(i);
    for (const auto& [text, both] : by_text) {
      if (text.empty() || both.first.size() != 1 || both.second.size() != 1) continue;
      take(both.first[0], both.second[0]);
    }
  }

  template <typename Fits>
  void pair(Fits fits) {
    for (std::uint32_t i = 0; i < olds_.size(); ++i) {
      for (std::uint32_t j = 0; j < news_.size() && new_of_old_[i] == kNoIndex; ++j) {
        if (!taken_[j] && olds_[i].may_be(news_[j]) && fits(olds_[i], news_[j])) take(i, j);
      }
    }
  }

  void take(std::uint32_t old_index, std::uint32_t new_index) {
    new_of_old_[old_index] = new_index;
    taken_[new_index] = true;
  }

  const std::vector<SourceLine>& olds_;
  const std::vector<SourceLine>& news_;
  std::vector<std::uint32_t> new_of_old_;
  std::vector<bool> taken_;
};

/// Numbers the places that are source lines; others keep kNoIndex.
class SourceLineNumbers {
 public:
  SourceLineNumbers(const SourceLines& olds, const SourceLines& news, std::size_t old_places, std::size_t new_places)
      : of_old(old_places, kNoIndex), of_new(new_places, kNoIndex) {
    for (const auto& [function, lines] : news) {
      for (const SourceLine& line : lines) of_new[line.place] = count++;
    }
    for (const auto& [function, lines] : olds) {
      const auto match = news.find(function);
      if (match != news.end()) pair_function(lines, match->second);
    }
    pair_rest(olds, news);
  }

  std::vector<std::uint32_t> of_old, of_new;  ///< by place
  std::uint32_t count = 0;

 private:
  void pair_function(const std::vector<SourceLine>& olds, const std::vector<SourceLine>& news) {
    const LinePairing pairing(olds, news);
    for (std::size_t i = 0; i < olds.size(); ++i) {
      const std::uint32_t partner = pairing.result()[i];
      if (partner == kNoIndex) continue;
      of_old[olds[i].place] = of_new[news[partner].place];
      taken_.insert(news[partner].place);
    }
  }

  /// A line may lie in several functions (lambdas, instances), and either profile may have picked another one of them:
  /// what is left is paired by line number alone.
  void pair_rest(const SourceLines& olds, const SourceLines& news) {
    std::map<std::pair<std::string, std::uint32_t>, const SourceLine*> free;
    for (const auto& [function, lines] : news) {
      for (const SourceLine& line : lines) {
        if (!taken_.contains(line.place)) free[{function.first, line.line}] = &line;
      }
    }
    for (const auto& [function, lines] : olds) {
      for (const SourceLine& line : lines) {
        if (of_old[line.place] != kNoIndex) continue;
        const auto match = free.find({function.first, line.line});
        const bool same = match != free.end() && line.may_be(*match->second);
        of_old[line.place] = same ? of_new[match->second->place] : count++;
        if (same) free.erase(match);
      }
    }
  }

  std::unordered_set<std::uint32_t> taken_;  ///< places of the new profile
};

std::vector<std::uint32_t> by_frame(const Places& places, const std::vector<std::uint32_t>& numbers) {
  std::vector<std::uint32_t> of_frame;
  of_frame.reserve(places.of_frame.size());
  for (const std::uint32_t place : places.of_frame) of_frame.push_back(numbers[place]);
  return of_frame;
}

}  // namespace

SharedPlaces share_places(DiffSide old_side, DiffSide new_side, PlaceKind kind) {
  const Profile& old_profile = old_side.profile;
  const Profile& new_profile = new_side.profile;
  const auto matches = match_paths(source_paths(old_profile), source_paths(new_profile));
  const PathNames old_paths = path_names(old_profile, matches), new_paths = path_names(new_profile, {});
  const Places olds = number_places(old_profile, kind), news = number_places(new_profile, kind);
  SourceLines old_lines, new_lines;
  if (kind == PlaceKind::kLine) {
    old_lines = collect_source_lines(old_side, old_paths, olds);
    new_lines = collect_source_lines(new_side, new_paths, news);
  }
  SourceLineNumbers numbers(old_lines, new_lines, olds.example.size(), news.example.size());
  Numbers others;
  const auto number_others = [&](const Profile& profile, const PathNames& paths, const Places& places,
                                 std::vector<std::uint32_t>& of_place) {
    for (std::uint32_t place = 0; place < of_place.size(); ++place) {
      if (of_place[place] != kNoIndex) continue;
      of_place[place] =
          numbers.count + others.of(key_text(profile, paths, profile.frames[places.example[place]], kind));
    }
  };
  number_others(old_profile, old_paths, olds, numbers.of_old);
  number_others(new_profile, new_paths, news, numbers.of_new);
  return {by_frame(olds, numbers.of_old), by_frame(news, numbers.of_new), numbers.count + others.count()};
}

SharedStacks share_stacks(DiffSide old_side, DiffSide new_side, bool functions_only) {
  const SharedPlaces functions = share_places(old_side, new_side, PlaceKind::kFunction);
  const SharedPlaces lines = functions_only ? functions : share_places(old_side, new_side, PlaceKind::kLine);
  NumberTable numbers(std::max(old_side.profile.stacks.size(), new_side.profile.stacks.size()), kRootCount);
  SharedStacks shared;
  const auto number = [&](const Profile& profile, const std::vector<std::uint32_t>& line_of,
                          const std::vector<std::uint32_t>& function_of, std::vector<std::uint32_t>& of_node) {
    of_node.reserve(profile.stacks.size());
    for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
      const StackNode& entry = profile.stacks[node];
      if (entry.frame == kNoIndex) {
        of_node.push_back(node);  // the roots are the same in every profile
        continue;
      }
      const std::uint64_t parent = entry.parent == kNoIndex ? kNoIndex : of_node[entry.parent];
      of_node.push_back(numbers.number({parent << 32 | line_of[entry.frame], function_of[entry.frame]}).number);
    }
  };
  number(old_side.profile, lines.of_old_frame, functions.of_old_frame, shared.of_old_node);
  number(new_side.profile, lines.of_new_frame, functions.of_new_frame, shared.of_new_node);
  shared.count = numbers.end();
  return shared;
}

}  // namespace memprof::report
