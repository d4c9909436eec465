// Clean: a bounded cache of a scope that ends.
#include <list>
#include <string>
#include <unordered_map>

class Cache {
 public:
  const std::string& get(int key) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) return found->second;
    if (order_.size() == kCapacity) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(key);
    return entries_.emplace(key, std::string(40, static_cast<char>('a' + key % 26))).first->second;
  }

 private:
  static constexpr std::size_t kCapacity = 16;
  std::list<int> order_;
  std::unordered_map<int, std::string> entries_;
};

int main() {
  Cache cache;
  std::size_t total = 0;
  for (int i = 0; i < 1000; ++i) total += cache.get(i * 7 % 50).size();
  return total == 40000 ? 0 : 1;
}
