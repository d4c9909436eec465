// Ordinary code of several kinds, to be compiled with and without optimisation and frame pointers: recursion through
// virtual functions, callbacks from libc, containers, a sort, threads.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/programs/unwind/unwind_blocks.h"

namespace {

struct Node {
  virtual ~Node() = default;
  virtual int visit(int depth) = 0;
};

struct Leaf : Node {
  int visit(int depth) override {
    touch_heap(static_cast<std::size_t>(depth) + 1);
    return depth;
  }
};

struct Branch : Node {
  explicit Branch(int depth) {
    for (int i = 0; i < 3; ++i) {
      if (depth > 0) {
        children.push_back(std::make_unique<Branch>(depth - 1));
      } else {
        children.push_back(std::make_unique<Leaf>());
      }
    }
  }
  int visit(int depth) override {
    int sum = 0;
    for (const auto& child : children) sum += child->visit(depth + 1);
    touch_heap(100);
    return sum;
  }
  std::vector<std::unique_ptr<Node>> children;
};

int compare(const void* left, const void* right) {
  touch_heap(3);
  return *static_cast<const int*>(left) - *static_cast<const int*>(right);
}

int work(int seed) {
  std::map<std::string, std::vector<int>> map;
  for (int i = 0; i < 200; ++i) map["key number " + std::to_string(i * seed % 37)].push_back(i);
  std::vector<int> numbers;
  for (int i = 0; i < 200; ++i) numbers.push_back(i * 7919 % 211);
  std::qsort(numbers.data(), numbers.size(), sizeof(int), compare);
  std::stable_sort(numbers.begin(), numbers.end(), [](int left, int right) {
    touch_heap(4);
    return left > right;
  });
  Branch tree(4);
  return tree.visit(0) + numbers[0] + static_cast<int>(map.size());
}

}  // namespace

int main() {
  int sum = work(1);
  std::vector<std::thread> threads;
  std::vector<int> results(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&results, i] { results[static_cast<std::size_t>(i)] = work(i + 2); });
  for (std::thread& thread : threads) thread.join();
  for (int result : results) sum += result;
  UNWIND_BARRIER(&sum);
  return 0;
}
