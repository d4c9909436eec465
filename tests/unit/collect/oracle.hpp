#pragma once
// A heap told by brute force: what the engine should find, computed the obvious way, and a random program that both
// of them watch.

#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/live_set.hpp"
#include "tests/unit/collect/fake_target.hpp"

namespace memprof::collect {

class Oracle {
 public:
  struct Figures {
    std::uint64_t allocations = 0, allocated_bytes = 0, frees = 0, freed_bytes = 0, live_blocks = 0, live_bytes = 0,
                  peak_blocks = 0, peak_bytes = 0, temporary = 0, failed = 0, highest = 0;
    std::uint64_t min = 0, max = 0, divisor = 0;
    std::map<std::uint32_t, std::uint64_t> sizes, lifetimes;
  };
  struct Block {
    std::uint64_t size, birth;
    wire::StackId stack;
    std::uint32_t tid;
  };

  void alloc(std::uint64_t ticks, std::uint32_t tid, std::uint64_t address, std::uint64_t size, wire::StackId stack) {
    add(ticks, tid, address, size, stack);
    look(stack);
  }
  void free(std::uint64_t ticks, std::uint32_t tid, std::uint64_t address, wire::StackId stack) {
    remove(ticks, tid, address, stack);
    look(stack);
  }
  /// At the end of the realloc; address 0: none is left.
  void realloc(std::uint64_t ticks, std::uint32_t tid, std::uint64_t old, std::uint64_t address, std::uint64_t size,
               wire::StackId stack) {
    remove(ticks, tid, old, stack);
    if (address != 0) add(ticks, tid, address, size, stack);
    look(stack);
  }
  void fail(wire::StackId stack) {
    ++totals.failed;
    ++sites[stack].failed;
    look(stack);
  }

  Figures totals;
  std::map<wire::StackId, Figures> sites;
  std::map<std::uint32_t, Figures> threads;
  std::map<std::uint64_t, Block> blocks;

 private:
  void add(std::uint64_t ticks, std::uint32_t tid, std::uint64_t address, std::uint64_t size, wire::StackId stack) {
    for (Figures* figures : {&totals, &sites[stack], &threads[tid]}) {
      figures->min = figures->allocations == 0 ? size : std::min(figures->min, size);
      figures->max = std::max(figures->max, size);
      figures->divisor = std::gcd(figures->divisor, size);
      ++figures->allocations;
      figures->allocated_bytes += size;
      ++figures->live_blocks;
      figures->live_bytes += size;
      ++figures->sizes[static_cast<std::uint32_t>(std::bit_width(size))];
    }
    blocks[address] = {size, ticks / LiveSet::kBirthUnit * LiveSet::kBirthUnit, stack, tid};
    latest_[tid] = address;
  }

  void remove(std::uint64_t ticks, std::uint32_t tid, std::uint64_t address, wire::StackId stack) {
    const Block block = blocks.at(address);
    blocks.erase(address);
    for (Figures* figures : {&totals, &sites[block.stack], &threads[block.tid]}) {
      --figures->live_blocks;
      figures->live_bytes -= block.size;
    }
    for (Figures* figures : {&totals, &sites[stack], &threads[tid]}) {
      ++figures->frees;
      figures->freed_bytes += block.size;
    }
    ++sites[block.stack].lifetimes[static_cast<std::uint32_t>(std::bit_width(ticks - block.birth))];
    if (block.tid == tid && latest_[tid] == address) {
      latest_[tid] = 0;
      for (Figures* figures : {&totals, &sites[block.stack], &threads[tid]}) ++figures->temporary;
    }
  }

  void look(wire::StackId stack) {
    sites[stack].highest = std::max(sites[stack].highest, totals.live_bytes);
    if (totals.live_bytes <= totals.peak_bytes) return;
    totals.peak_bytes = totals.live_bytes;
    totals.peak_blocks = totals.live_blocks;
    for (auto* table : {&sites}) {
      for (auto& [id, figures] : *table) settle(figures);
    }
    for (auto& [tid, figures] : threads) settle(figures);
  }
  static void settle(Figures& figures) {
    figures.peak_blocks = figures.live_blocks;
    figures.peak_bytes = figures.live_bytes;
  }

  std::map<std::uint32_t, std::uint64_t> latest_;
};

/// A program of several threads that does random things to its heap, addresses reused at once, sizes mostly small.
class RandomProgram {
 public:
  RandomProgram(std::uint64_t seed, const FakeTarget& target, Oracle& oracle, unsigned threads, unsigned stacks)
      : random_(seed), oracle_(oracle) {
    for (unsigned i = 0; i < threads; ++i) threads_.push_back({FakeRing(target, 100 + i, ++ticks_), 100 + i, 0, 0, 0});
    for (unsigned i = 0; i < stacks; ++i) stacks_.push_back(target.add_stack({0x1000 + i * 16}));
    for (std::uint64_t address = 1; address <= 200; ++address) unused_.push_back(address * 16);
  }

  /// One event, or a record of one, by some thread.
  void step() {
    ticks_ += 1 + pick(400);
    Thread& thread = threads_[pick(threads_.size())];
    if (thread.old_address != 0) return end_realloc(thread);
    const wire::StackId stack = stacks_[pick(stacks_.size())];
    const std::uint64_t what = pick(20);
    if (what == 0) {
      thread.ring.alloc_fail(size(), stack, ticks_);
      oracle_.fail(stack);
    } else if ((what < 11 || oracle_.blocks.empty()) && !unused_.empty()) {
      const std::uint64_t address = take_unused(), bytes = size();
      thread.ring.alloc(address, bytes, stack, ticks_);
      oracle_.alloc(ticks_, thread.tid, address, bytes, stack);
    } else if (const std::uint64_t address = some_block(); address == 0) {
      thread.ring.skip(ticks_);
    } else if (what < 17) {
      thread.ring.free(address, stack, ticks_);
      oracle_.free(ticks_, thread.tid, address, stack);
      unused_.push_back(address);
    } else {
      thread.old_address = address;
      thread.new_size = pick(8) == 0 ? 0 : size();
      thread.stack = stack;
      thread.ring.realloc_begin(address, thread.new_size, stack, ticks_);
    }
  }

  std::uint64_t ticks() const { return ticks_; }

 private:
  struct Thread {
    FakeRing ring;
    std::uint32_t tid;
    std::uint64_t old_address;  ///< inside a realloc
    std::uint64_t new_size;
    wire::StackId stack;
  };

  void end_realloc(Thread& thread) {
    const std::uint64_t old = std::exchange(thread.old_address, 0);
    if (pick(5) == 0) {
      thread.ring.realloc_fail(old, thread.new_size, thread.stack, ticks_);
      return oracle_.fail(thread.stack);
    }
    std::uint64_t address = 0;
    if (thread.new_size != 0) address = pick(2) == 0 || unused_.empty() ? old : take_unused();
    if (address != old) unused_.push_back(old);
    thread.ring.realloc_end(address, thread.new_size, thread.stack, ticks_);
    oracle_.realloc(ticks_, thread.tid, old, address, thread.new_size, thread.stack);
  }

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  std::uint64_t size() { return pick(50) == 0 ? random_() >> pick(32) : pick(4) * 24 + pick(3); }
  std::uint64_t take_unused() {
    std::swap(unused_[pick(unused_.size())], unused_.back());
    const std::uint64_t address = unused_.back();
    unused_.pop_back();
    return address;
  }
  /// A live block that is not inside a realloc, or 0.
  std::uint64_t some_block() {
    if (oracle_.blocks.empty()) return 0;
    auto block = oracle_.blocks.lower_bound(16 * (1 + pick(200)));
    if (block == oracle_.blocks.end()) block = oracle_.blocks.begin();
    for (const Thread& thread : threads_) {
      if (thread.old_address == block->first) return 0;
    }
    return block->first;
  }

  std::mt19937_64 random_;
  Oracle& oracle_;
  std::uint64_t ticks_ = 0;
  std::vector<Thread> threads_;
  std::vector<wire::StackId> stacks_;
  std::vector<std::uint64_t> unused_;
};

}  // namespace memprof::collect
