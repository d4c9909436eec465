#include "preload/known_stacks.hpp"

#include "preload/memo.hpp"
#include "wire/region.hpp"

namespace memprof::preload {

void KnownStacks::note_walk(const Memo& memo) {
  // The same stack at another place in memory is another one here, and has its mark elsewhere.
  const wire::StackId stack = memo.innermost().stack;
  wire::StackId& walked = walked_[hash_of(memo.innermost().sp, stack) >> (64 - kLog2Walked)];
  if (walked == stack) {
    keep(memo);
  } else {
    walked = stack;
  }
}

const KnownStack* KnownStacks::find_other(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp) {
  if (epoch_ != g_stacks_epoch.load(std::memory_order_acquire) || sp - first_sp_ >= sps_) return nullptr;
  const std::uint64_t hash = hash_of(sp, address);
  const Set& set = set_of(hash);
  for (unsigned way = 0; way < kWays; ++way) {
    if (set.tags[way] != tag_of(hash) || !at(set.lines[way]).holds(sp, address, rbp)) continue;
    latest_[hash >> (64 - kLog2Latest)] = set.lines[way];
    return &at(set.lines[way]);
  }
  return nullptr;
}

void KnownStacks::forget(Line line) {
  const std::uint64_t hash = hash_of(at(line).sp, at(line).address);
  Line& latest = latest_[hash >> (64 - kLog2Latest)];
  if (latest == line) latest = 0;
  for (Line& each : set_of(hash).lines) {
    if (each == line) each = 0;
  }
  begins_[line] = false;
}

KnownStacks::Line KnownStacks::take_lines(std::size_t bytes) {
  const auto count = static_cast<std::uint32_t>((bytes + kLineBytes - 1) / kLineBytes);
  if (next_line_ == 0 || next_line_ + count > kLines) next_line_ = 1;
  const auto begin = static_cast<Line>(next_line_);
  next_line_ += count;
  for (std::uint32_t line = begin; line < next_line_; ++line) {
    if (begins_[line]) forget(static_cast<Line>(line));
  }
  return begin;
}

void KnownStacks::keep(const Memo& memo) {
  constexpr std::uint32_t kMostWords = KnownStack::kMostGroups * KnownWords::kWords;
  const MemoFrame& inner = memo.innermost();
  const std::uint32_t count = inner.checks_end;
  // A stack that was cut is not believed in for long.
  if (memo.root() != wire::kRootComplete || count > kMostWords || (inner.needs & ~mask_of(kRbp)) != 0) return;
  const std::uint32_t groups = (count + KnownWords::kWords - 1) / KnownWords::kWords;
  const std::size_t bytes = sizeof(KnownStack) + groups * sizeof(KnownWords);
  const Line line = take_lines(bytes);
  auto& known = *reinterpret_cast<KnownStack*>(&memory_[line * kLineBytes]);
  known = {inner.sp,
           inner.address,
           inner.rbp,
           inner.stack,
           static_cast<std::uint16_t>(memo.count()),
           static_cast<std::uint8_t>(groups),
           inner.needs != 0};
  std::uintptr_t distances = 0;  // all bits of all of them
  std::uint32_t word = count;
  for (KnownWords* group = known.groups(); group != known.groups() + groups; ++group) {
    for (unsigned i = 0; i < KnownWords::kWords; ++i) {
      if (word != 0) --word;
      const std::uintptr_t distance = memo.check(word).slot - inner.sp;
      distances |= distance;
      group->places[i] = static_cast<std::uint16_t>(distance / 8);
      group->values[i] = memo.check(word).value;
    }
  }
  if (distances % 8 != 0 || distances / 8 > UINT16_MAX) return;
  begins_[line] = true;
  const std::uint64_t hash = hash_of(inner.sp, inner.address);
  const unsigned way = next_way_++ % kWays;
  set_of(hash).tags[way] = tag_of(hash);
  set_of(hash).lines[way] = line;
  latest_[hash >> (64 - kLog2Latest)] = line;
}

}  // namespace memprof::preload
