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

const FoundType* SiteTypes::of(const Site& site) {
  if (site.allocations == 0) return nullptr;
  const std::string& hook = profile_.text(site.hook);
  const BlockSizes sizes{site.min_size, site.max_size, site.size_divisor, hook == "operator new[]",
                         hook == "operator new"};
  const FoundType& named = by_names(site.stack);
  if (!named.name.empty() && named.evidence == TypeEvidence::kTemplateArgument && sizes_agree(sizes, named.raw_bytes)) {
    return &named;
  }
  if (named.evidence != TypeEvidence::kLibraryClass) return by_hints(site.stack, sizes);
  return named.name.empty() ? nullptr : &named;
}

bool SiteTypes::is_library(FrameIndex frame) {
  Answer& known = library_[profile_.frames[frame].function];
  if (known == Answer::kUnknown) {
    known = is_library_function(profile_.text(profile_.frames[frame].function)) ? Answer::kYes : Answer::kNo;
  }
  return known == Answer::kYes;
}

const FoundType& SiteTypes::by_names(NodeIndex node) {
  auto& [functions, arguments] = names_;
  functions.clear();
  arguments.clear();
  frames_.clear();
  for (; node != kNoIndex && frames_.size() < kMostFrames; node = profile_.stacks[node].parent) {
    const FrameIndex frame = profile_.stacks[node].frame;
    if (frame == kNoIndex || profile_.frames[frame].function == 0) break;
    // A symbol that doesn't cover the address says nothing; the frames around it may.
    if (profile_.frames[frame].nearest) continue;
    functions.push_back(profile_.frames[frame].function);
    arguments.push_back(facts_[frame].argument);
    frames_.push_back(frame);
    if (!is_library(frame)) break;
  }
  const auto known = types_by_names_.find(names_);
  return known != types_by_names_.end() ? known->second
                                        : types_by_names_.emplace(names_, type_of_names()).first->second;
}

FoundType SiteTypes::type_of_names() const {
  std::vector<NamedFrame> named;
  for (const FrameIndex frame : frames_) {
    const FrameFacts& facts = facts_[frame];
    named.push_back({profile_.text(profile_.frames[frame].function), facts.argument, facts.argument_bytes});
  }
  return type_from_names(named);
}

const FoundType* SiteTypes::by_hints(NodeIndex node, const BlockSizes& sizes) {
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
      const auto [known, is_new] = types_by_hints_.try_emplace(best);
      if (is_new) known->second = {std::string(best->name), std::string(best->name), {}, best->bytes, best->evidence};
      return known->second.name.empty() ? nullptr : &known->second;
    }
    if (!facts.returns_any_pointer || ++wrappers > kMostWrappers) break;
  }
  return nullptr;
}

}  // namespace memprof::collect
