#include "preload/memo.hpp"

namespace memprof::preload {

void Memo::use_memory(void* memory, std::uint32_t capacity) {
  returns_ = static_cast<Check*>(memory);
  checks_memory_ = returns_ + capacity + 1;
  frames_ = reinterpret_cast<MemoFrame*>(checks_memory_ + capacity + 1);
  capacity_ = capacity;
}

}  // namespace memprof::preload
