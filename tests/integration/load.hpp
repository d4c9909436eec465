#pragma once
// What tests of races need: other work on every processor, and a number of rounds.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

namespace memprof::test {

/// Keeps every processor busy while it lives, so that the threads of what is tested are interrupted at other places.
class Load {
 public:
  Load() {
    const unsigned processors = std::thread::hardware_concurrency();
    for (unsigned i = 0; i < processors; ++i) {
      workers_.emplace_back([this] {
        while (!stop_.load(std::memory_order_relaxed)) ++work_;
      });
    }
  }
  ~Load() {
    stop_ = true;
    for (std::thread& worker : workers_) worker.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::atomic<unsigned long> work_{0};
  std::vector<std::thread> workers_;
};

/// MEMPROF_SOAK is set: tests that are bounded in time otherwise take as long as docs/robustness.md says.
inline bool soaking() { return std::getenv("MEMPROF_SOAK") != nullptr; }

/// How long a stress test shall take: what MEMPROF_SOAK says, or `usual`.
inline std::uint64_t soak_seconds(std::uint64_t usual) {
  return soaking() ? std::strtoull(std::getenv("MEMPROF_SOAK"), nullptr, 10) : usual;
}

}  // namespace memprof::test
