#include "report/suppression.hpp"

#include <cstdlib>

#include "report/suppression_reader.hpp"
#include "report/text_file.hpp"
#include "report/wildcard.hpp"

namespace memprof::report {
namespace {

bool leak_pattern_matches(std::string_view pattern, std::string_view text) {
  if (text.empty()) return false;
  std::string whole = pattern.starts_with('^') ? std::string(pattern.substr(1)) : "*" + std::string(pattern);
  if (whole.ends_with('$')) {
    whole.pop_back();
  } else {
    whole += '*';
  }
  return wildcard_matches(whole, text, Wildcards::kStar);
}

bool glob_matches_any(std::string_view pattern, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!text.empty() && wildcard_matches(pattern, text, Wildcards::kStarAndQuestionMark)) return true;
  }
  return false;
}

/// Valgrind's name for everything outside main().
constexpr std::string_view kBelowMain = "(below main)";
bool is_below_main(std::string_view function) { return function.starts_with("__libc_start") || function == "_start"; }

bool function_matches(const FramePattern& pattern, const SuppressibleFrame& frame) {
  if (pattern.pattern == kBelowMain) return is_below_main(frame.folded);
  if (glob_matches_any(pattern.pattern, {frame.function, frame.folded})) return true;
  return !pattern.demangled.empty() && glob_matches_any(pattern.demangled, {frame.function, frame.folded});
}

/// /lib is a link to /usr/lib on today's systems, and suppressions are older than that.
bool object_matches(const std::string& pattern, std::string_view module) {
  const bool merged = module.starts_with("/usr/lib");
  return glob_matches_any(pattern, {module, merged ? module.substr(4) : std::string_view{}});
}

/// "FILE" or "FILE:LINE", of which FILE is a path or the end of one.
bool source_matches(const std::string& pattern, const SuppressibleFrame& frame) {
  const std::string with_line = std::string(frame.file) + ":" + std::to_string(frame.line);
  return glob_matches_any(pattern, {frame.file, with_line}) ||
         glob_matches_any("*/" + pattern, {frame.file, with_line});
}

bool frame_matches(const FramePattern& pattern, const SuppressibleFrame& frame) {
  switch (pattern.kind) {
    case FramePattern::Kind::kFunction:
      return function_matches(pattern, frame);
    case FramePattern::Kind::kObject:
      return object_matches(pattern.pattern, frame.module);
    case FramePattern::Kind::kSource:
      return source_matches(pattern.pattern, frame);
    case FramePattern::Kind::kAnyFrames:
      return true;
  }
  return false;
}

/// Like wildcard_matches() with "..." in place of "*", but the stack may go on.
bool frames_match(const std::vector<FramePattern>& patterns, const std::vector<SuppressibleFrame>& stack) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t p = 0, s = 0, after_any = kNone, any_stack = 0;
  while (p < patterns.size()) {
    if (patterns[p].kind == FramePattern::Kind::kAnyFrames) {
      after_any = ++p;
      any_stack = s;
    } else if (s < stack.size() && frame_matches(patterns[p], stack[s])) {
      ++p;
      ++s;
    } else if (after_any != kNone && any_stack < stack.size()) {
      p = after_any;
      s = ++any_stack;
    } else {
      return false;
    }
  }
  return true;
}

bool suppresses(const Suppression& suppression, const std::vector<SuppressibleFrame>& stack) {
  if (suppression.leak_pattern.empty()) return frames_match(suppression.frames, stack);
  for (const SuppressibleFrame& frame : stack) {
    for (const std::string_view text : {frame.function, frame.folded, frame.file, frame.module}) {
      if (leak_pattern_matches(suppression.leak_pattern, text)) return true;
    }
  }
  return false;
}

}  // namespace

Result<void> SuppressionSet::add_file(const std::string& path) {
  const auto text = read_text_file(path, "the suppressions");
  if (!text) return tl::unexpected(text.error());
  return add_text(*text, path);
}

Result<void> SuppressionSet::add_text(std::string_view text, const std::string& name, bool built_in) {
  auto read = read_suppressions(text, name);
  if (!read) return tl::unexpected(std::move(read.error()));
  for (Suppression& suppression : *read) {
    suppression.built_in = built_in;
    if (built_in) suppression.origin = "built-in";
    entries_.push_back(std::move(suppression));
  }
  return {};
}

void SuppressionSet::add_built_in() {
  if (!add_text(built_in_suppressions(), "built-in", true)) std::abort();  // the text is ours, and tested
}

std::optional<std::size_t> SuppressionSet::match(const std::vector<SuppressibleFrame>& stack) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (suppresses(entries_[i], stack)) return i;
  }
  return std::nullopt;
}

}  // namespace memprof::report
