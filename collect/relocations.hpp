#pragma once
// Blocks between the begin and the end of their realloc. They have left the live set, since other threads may be
// handed their address already, but they count as live until the end comes: a process that is killed in between still
// had them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "collect/event.hpp"

namespace memprof::collect {

class Relocations {
 public:
  struct Relocation {
    std::uint64_t address = 0;
    Block block;
    bool found = false;  ///< the block was known
  };

  /// A new relocation of the block at `address`.
  std::uint32_t open(std::uint64_t address) {
    if (free_.empty()) {
      all_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(all_.size() - 1));
    }
    const std::uint32_t id = free_.back();
    free_.pop_back();
    all_[id] = {address, {}, false};
    return id;
  }

  /// Gives the id back, but not before recycle(): events of the batch at hand still refer to it.
  void close(std::uint32_t id) { closed_.push_back(id); }

  /// Call between batches.
  void recycle() {
    free_.insert(free_.end(), closed_.begin(), closed_.end());
    closed_.clear();
  }

  Relocation& operator[](std::uint32_t id) { return all_[id]; }
  const Relocation& operator[](std::uint32_t id) const { return all_[id]; }
  std::size_t open_count() const { return all_.size() - free_.size() - closed_.size(); }

 private:
  std::vector<Relocation> all_;
  std::vector<std::uint32_t> free_, closed_;
};

}  // namespace memprof::collect
