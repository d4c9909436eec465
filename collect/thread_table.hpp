#pragma once
// Numbers the threads of the target in the order of their first event. A tid that the kernel gives out again counts
// as the same thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "collect/live_set.hpp"

namespace memprof::collect {

class ThreadTable {
 public:
  /// Beyond LiveSet::kMaxThreads - 1 threads all others share one index, with tid 0.
  std::uint32_t index_of(std::uint32_t tid) {
    const auto found = index_.find(tid);
    if (found != index_.end()) return found->second;
    if (tids_.size() + 1 >= LiveSet::kMaxThreads && tid != 0) return index_of(0);
    const auto index = static_cast<std::uint32_t>(tids_.size());
    index_.emplace(tid, index);
    tids_.push_back(tid);
    names_.emplace_back();
    stack_pointers_.push_back(0);
    return index;
  }

  std::size_t size() const { return tids_.size(); }
  std::uint32_t tid(std::size_t index) const { return tids_[index]; }
  const std::string& name(std::size_t index) const { return names_[index]; }
  /// An address in its stack, 0: unknown.
  std::uint64_t stack_pointer(std::size_t index) const { return stack_pointers_[index]; }
  const std::vector<std::uint64_t>& stack_pointers() const { return stack_pointers_; }
  void set_stack_pointer(std::size_t index, std::uint64_t address) {
    if (address != 0) stack_pointers_[index] = address;
  }
  void set_name(std::size_t index, std::string name) { names_[index] = std::move(name); }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> index_;
  std::vector<std::uint32_t> tids_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> stack_pointers_;
};

}  // namespace memprof::collect
