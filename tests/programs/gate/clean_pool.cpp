// Clean: objects of a pool are never freed one by one, but their slabs are.
#include <cstdlib>
#include <new>
#include <vector>

class Pool {
 public:
  void* allocate(std::size_t size) {
    if (slabs_.empty() || used_ + size > kSlab) {
      slabs_.push_back(std::malloc(kSlab));
      used_ = 0;
    }
    void* block = static_cast<char*>(slabs_.back()) + used_;
    used_ += size;
    return block;
  }
  ~Pool() {
    for (void* slab : slabs_) std::free(slab);
  }

 private:
  static constexpr std::size_t kSlab = 4096;
  std::vector<void*> slabs_;
  std::size_t used_ = 0;
};

struct Point {
  double x, y;
};

int main() {
  Pool pool;
  double sum = 0;
  for (int i = 0; i < 1000; ++i) sum += (new (pool.allocate(sizeof(Point))) Point{1, 2})->x;
  return sum == 1000 ? 0 : 1;
}
