#include "preload/known_stacks.hpp"

#include "preload/memo.hpp"
#include "wire/region.hpp"

namespace memprof::preload {

void KnownStacks::note_walk(const Memo& memo) {
  wire::StackId& walked = walked_[memo.innermost().stack % kWalked];
  if (walked == memo.innermost().stack) {
    keep(memo);
  } else {
    walked = memo.innermost().stack;
  }
}

void KnownStacks::keep(const Memo& memo) {
  constexpr std::uint32_t kMostWords = KnownStack::kMostGroups * KnownWords::kWords;
  const MemoFrame& inner = memo.innermost();
  const std::uint32_t count = inner.checks_end;
  // A stack that was cut is not believed in for long.
  if (memo.root() != wire::kRootComplete || count > kMostWords || (inner.needs & ~mask_of(kRbp)) != 0) return;
  const std::uint64_t hash = hash_of(inner.sp, inner.address);
  const unsigned way = next_way_++ % kWays;
  KnownStack& known = stacks_[set_of(hash) * kWays + way];
  tags_[set_of(hash)][way] = 0;
  const std::uint32_t groups = (count + KnownWords::kWords - 1) / KnownWords::kWords;
  for (std::uint32_t i = 0; i < groups * KnownWords::kWords; ++i) {
    const Check& check = memo.check(i < count ? count - 1 - i : 0);
    const std::uintptr_t distance = check.slot - inner.sp;
    if (distance % 8 != 0 || distance / 8 > UINT16_MAX) return;
    KnownWords& group = known.groups[i / KnownWords::kWords];
    group.places[i % KnownWords::kWords] = static_cast<std::uint16_t>(distance / 8);
    group.values[i % KnownWords::kWords] = check.value;
  }
  known.sp = inner.sp;
  known.address = inner.address;
  known.rbp = inner.rbp;
  known.stack = inner.stack;
  known.frames = static_cast<std::uint16_t>(memo.count());
  known.groups_count = static_cast<std::uint8_t>(groups);
  known.needs_rbp = inner.needs != 0;
  tags_[set_of(hash)][way] = static_cast<std::uint16_t>(tag_of(hash));
}

}  // namespace memprof::preload
