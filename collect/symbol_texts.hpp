#pragma once
// Texts that are stored once and stay where they are: file names and function names of many frames.

#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace memprof::collect {

/// One thread at a time. Views live as long as the pool, which may be moved.
class TextPool {
 public:
  std::string_view intern(std::string text) {
    if (text.empty()) return {};
    const auto found = known_.find(text);
    if (found != known_.end()) return *found;
    return *known_.insert(texts_.emplace_back(std::move(text))).first;
  }

 private:
  std::deque<std::string> texts_;
  std::unordered_set<std::string_view> known_;
};

}  // namespace memprof::collect
