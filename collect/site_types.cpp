#include "collect/site_types.hpp"

#include <algorithm>

#include "collect/type_from_names.hpp"

namespace memprof::collect {
namespace {

// Through how many wrappers around malloc the caller is looked for.
constexpr int kMostWrappers = 3;
// Deeper stacks of library functions than this say nothing about a block.
constexpr std::size_t kMostFrames = 64;

/// A line may construct more than the block. What is constructed in it has its size exactly; a class without members,
/// whose size divides every other, is never believed.
bool fits(const TypeHint& hint, const BlockSizes& sizes) {
  if (hint.bytes == 0 || !sizes_agree(sizes, hint.bytes)) return false;
  if (hint.evidence != TypeEvidence::kConstructor) return true;
  return sizes.array_new ? hint.bytes > 1 : sizes.are_all(hint.bytes);
}

bool is_better(const TypeHint& hint, const TypeHint& other, const BlockSizes& sizes) {
  const bool exact = sizes.single_new && sizes.are_all(hint.bytes);
  const bool other_exact = sizes.single_new && sizes.are_all(other.bytes);
  return exact != other_exact ? exact : hint.evidence < other.evidence;
}

}  // namespace

FoundType SiteTypes::of(const Site& site) {
  if (site.allocations == 0) return {};
  const std::string& hook = profile_.text(site.hook);
  const BlockSizes sizes{site.min_size, site.max_size, site.size_divisor, hook == "operator new[]",
                         hook == "operator new"};
  const FoundType& named = by_names(site.stack);
  if (!named.name.empty() && named.evidence == TypeEvidence::kTemplateArgument && sizes_agree(sizes, named.raw_bytes)) {
    return named;
  }
  return named.evidence == TypeEvidence::kLibraryClass ? named : by_hints(site.stack, sizes);
}

bool SiteTypes::is_library(FrameIndex frame) {
  const StringIndex function = profile_.frames[frame].function;
  const auto [known, is_new] = library_.try_emplace(function, false);
  if (is_new) known->second = is_library_function(profile_.text(function));
  return known->second;
}

const FoundType& SiteTypes::by_names(NodeIndex node) {
  std::vector<StringIndex> functions;
  std::vector<std::string_view> arguments;
  std::vector<NamedFrame> frames;
  for (; node != kNoIndex && frames.size() < kMostFrames; node = profile_.stacks[node].parent) {
    const FrameIndex frame = profile_.stacks[node].frame;
    if (frame == kNoIndex || profile_.frames[frame].function == 0) break;
    // A symbol that doesn't cover the address says nothing; the frames around it may.
    if (profile_.frames[frame].nearest) continue;
    functions.push_back(profile_.frames[frame].function);
    arguments.push_back(facts_[frame].argument);
    frames.push_back({profile_.text(functions.back()), facts_[frame].argument, facts_[frame].argument_bytes});
    if (!is_library(frame)) break;
  }
  const auto [known, is_new] = types_by_names_.try_emplace({std::move(functions), std::move(arguments)});
  if (is_new) known->second = type_from_names(frames);
  return known->second;
}

FoundType SiteTypes::by_hints(NodeIndex node, const BlockSizes& sizes) {
  int wrappers = 0;
  for (; node != kNoIndex; node = profile_.stacks[node].parent) {
    const FrameIndex frame = profile_.stacks[node].frame;
    if (frame == kNoIndex) break;
    // What another library allocates on its own account is not what it returns to the line that called it.
    if (is_library(frame) || profile_.frames[frame].nearest) break;
    const FrameFacts& facts = facts_[frame];
    const TypeHint* best = nullptr;
    for (const TypeHint& hint : facts.hints) {
      if (fits(hint, sizes) && (best == nullptr || is_better(hint, *best, sizes))) best = &hint;
    }
    if (best != nullptr) {
      return {std::string(best->name), std::string(best->name), {}, best->bytes, best->evidence};
    }
    if (!facts.returns_any_pointer || ++wrappers > kMostWrappers) break;
  }
  return {};
}

}  // namespace memprof::collect
