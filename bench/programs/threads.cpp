// Threads that allocate through twelve frames, and free either their own blocks or those of the thread before them.
//
// usage: threads THREADS BLOCKS_PER_THREAD own|others

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr int kFrames = 12;
constexpr std::size_t kHeld = 1024;  ///< blocks on their way from allocation to free

/// kFrames functions above the one that allocates or frees. The asm keeps calls from becoming jumps.
template <int Depth>
[[gnu::noinline]] void* allocate(std::size_t bytes) {
  void* block;
  if constexpr (Depth <= 1) {
    block = std::malloc(bytes);
  } else {
    block = allocate<Depth - 1>(bytes);
  }
  asm volatile("" : "+r"(block));
  return block;
}

template <int Depth>
[[gnu::noinline]] void release(void* block) {
  if constexpr (Depth <= 1) {
    std::free(block);
  } else {
    release<Depth - 1>(block);
  }
  asm volatile("");
}

/// From one thread to one other.
class Queue {
 public:
  void push(void* block) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    while (head - tail_.load(std::memory_order_acquire) == kHeld) std::this_thread::yield();
    slots_[head % kHeld] = block;
    head_.store(head + 1, std::memory_order_release);
  }
  /// Null: empty.
  void* pop() {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return nullptr;
    void* const block = slots_[tail % kHeld];
    tail_.store(tail + 1, std::memory_order_release);
    return block;
  }

 private:
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::array<void*, kHeld> slots_{};
};

std::size_t size_of(std::size_t index) { return 16 + index % 8 * 16; }

void free_own(std::size_t blocks) {
  std::array<void*, kHeld> held{};
  for (std::size_t i = 0; i < blocks; ++i) {
    void*& slot = held[i % kHeld];
    if (slot != nullptr) release<kFrames>(slot);
    slot = allocate<kFrames>(size_of(i));
  }
  for (void* block : held) release<kFrames>(block);
}

void free_others(std::size_t blocks, Queue& to, Queue& from) {
  std::size_t made = 0;
  std::size_t freed = 0;
  while (freed < blocks) {
    for (std::size_t burst = 0; burst < kHeld / 4 && made < blocks; ++burst, ++made) {
      to.push(allocate<kFrames>(size_of(made)));
    }
    // Never so far ahead of the neighbour that its queue is full, so a ring of threads cannot lock up.
    while (freed < made && (made == blocks || made - freed > kHeld / 2)) {
      if (void* const block = from.pop()) {
        release<kFrames>(block);
        ++freed;
      } else {
        std::this_thread::yield();
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: threads THREADS BLOCKS_PER_THREAD own|others\n");
    return 2;
  }
  const auto count = static_cast<std::size_t>(std::atoi(argv[1]));
  const auto blocks = static_cast<std::size_t>(std::atol(argv[2]));
  const bool own = std::strcmp(argv[3], "own") == 0;
  const auto queues = std::make_unique<Queue[]>(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      if (own) return free_own(blocks);
      free_others(blocks, queues[i], queues[(i + 1) % count]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}
