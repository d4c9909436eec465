// Rounds of work with memprof_tick() after each, on caches of random sizes and random keys that fill early and then
// only change, of five kinds. With "leak" as second argument there is one block of 16 bytes more after every round.
//
//   ticks ROUNDS [leak|clean] [SEED]
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "include/memprof/memprof.h"

namespace {

using Random = std::minstd_rand;

/// At most so many entries; what goes when it is full depends on the kind.
class Cache {
 public:
  enum Kind { kOldest, kRandom, kEverything, kExpiring, kSometimes, kKinds };
  Cache(Kind kind, std::size_t capacity) : kind_(kind), capacity_(capacity) {}

  void use(int key, Random& random) {
    if (entries_.count(key) != 0) return;
    if (entries_.size() == capacity_) make_room(random);
    entries_[key] = std::make_unique<std::string>(20 + random() % 200, 'x');
    order_.push_back(key);
  }

  void end_round(Random& random) {
    if (kind_ == kExpiring && random() % 2 == 0) make_room(random);
    if (kind_ == kSometimes && random() % 8 == 0) clear();
  }

 private:
  void make_room(Random& random) {
    if (order_.empty()) return;
    if (kind_ == kEverything) return clear();
    auto victim = order_.begin();
    if (kind_ == kRandom) std::advance(victim, random() % order_.size());
    entries_.erase(*victim);
    order_.erase(victim);
  }
  void clear() {
    entries_.clear();
    order_.clear();
  }

  Kind kind_;
  std::size_t capacity_;
  std::map<int, std::unique_ptr<std::string>> entries_;
  std::list<int> order_;
};

__attribute__((noinline)) void* leak_one() { return std::malloc(16); }

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  const bool leaks = argc > 2 && std::strcmp(argv[2], "leak") == 0;
  Random random(argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1);
  std::vector<Cache> caches;
  for (int kind = 0; kind < Cache::kKinds; ++kind) {
    caches.emplace_back(static_cast<Cache::Kind>(kind), 5 + random() % 100);
  }
  void* volatile lost = nullptr;
  for (int round = 0; round < rounds; ++round) {
    for (Cache& cache : caches) {
      const int uses = static_cast<int>(random() % 60);
      for (int i = 0; i < uses; ++i) cache.use(static_cast<int>(random() % 300), random);
      cache.end_round(random);
    }
    if (leaks) lost = leak_one();
    memprof_tick();
  }
  (void)lost;
  return 0;
}
