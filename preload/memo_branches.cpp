#include "preload/memo_branches.hpp"

namespace memprof::preload {

void BranchCache::keep(const Memo& memo, std::uint32_t index) {
  constexpr RegisterMask kOnlyRbp = mask_of(kRbp);
  const MemoFrame& inner = memo.innermost();
  const MemoFrame& base = memo.frame(index);
  const std::uint32_t count = inner.checks_end - base.checks_end;
  if (count > Branch::kMostChecks || (inner.needs & ~kOnlyRbp) != 0 || (base.needs & ~kOnlyRbp) != 0) return;
  const std::uint64_t hash = hash_of(inner.sp, inner.address);
  const unsigned way = next_way_++ % kWays;
  tags_[set_of(hash)][way] = tag_of(hash);
  Branch& branch = branches_[set_of(hash) * kWays + way];
  branch.inner = inner;
  branch.base = base;
  branch.index = index;
  branch.frames = memo.count();
  branch.checks_count = count;
  for (std::uint32_t i = 0; i < count; ++i) branch.checks[i] = memo.check(base.checks_end + i);
}

void BranchCache::clear() {
  tags_ = {};
  walked_ = {};
}

}  // namespace memprof::preload
