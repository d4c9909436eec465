#pragma once
// Numbers the call stacks that occur, so that figures per site are dense and the live set needs no wider index.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "wire/region.hpp"

namespace memprof::collect {

class StackSites {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  explicit StackSites(std::uint32_t node_capacity) : capacity_(node_capacity) {}

  /// For stacks below `limit`, which is at most the node capacity; find() and index_of() take no others.
  void make_room(wire::StackId limit) {
    if (limit > index_.size()) enlarge(limit);
  }

  /// Site index of a stack that has one already, or kNone.
  std::uint32_t find(wire::StackId stack) const { return index_[stack]; }

  /// Site index of a stack.
  std::uint32_t index_of(wire::StackId stack) {
    std::uint32_t& index = index_[stack];
    if (index == kNone) {
      index = static_cast<std::uint32_t>(stacks_.size());
      stacks_.push_back(stack);
    }
    return index;
  }

  /// By site index.
  const std::vector<wire::StackId>& stacks() const { return stacks_; }

 private:
  void enlarge(wire::StackId limit) {
    const std::size_t wanted = std::max<std::size_t>({limit, index_.size() * 2, 1024});
    index_.resize(std::min<std::size_t>(wanted, std::max(capacity_, limit)), kNone);
  }

  std::uint32_t capacity_;
  std::vector<std::uint32_t> index_;
  std::vector<wire::StackId> stacks_;
};

}  // namespace memprof::collect
