#include "preload/memo.hpp"

namespace memprof::preload {

void Memo::use_memory(void* memory, std::uint32_t capacity) {
  frames_ = static_cast<MemoFrame*>(memory);
  checks_ = reinterpret_cast<Check*>(frames_ + capacity + 1);
  capacity_ = capacity;
}

std::uint32_t Memo::frame_of(const Check* check, std::uint32_t index) const {
  const auto position = static_cast<std::uint32_t>(check - checks_);
  while (frames_[index - 1].checks_end > position) --index;
  return index;
}

}  // namespace memprof::preload
