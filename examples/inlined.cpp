// Small functions that the optimiser inlines away: they still have their own lines in the per-line table.

#include <cstddef>
#include <memory>
#include <vector>

namespace {

struct Node {
  std::unique_ptr<Node> left, right;
  std::size_t key = 0;
};

inline std::unique_ptr<Node> make_leaf(std::size_t key) {
  auto leaf = std::make_unique<Node>();
  leaf->key = key;
  return leaf;
}

inline std::unique_ptr<Node> make_pair(std::size_t key) {
  auto node = std::make_unique<Node>();
  node->left = make_leaf(2 * key);
  node->right = make_leaf(2 * key + 1);
  return node;
}

}  // namespace

std::vector<std::unique_ptr<Node>> plant(std::size_t count) {
  std::vector<std::unique_ptr<Node>> forest;
  forest.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    forest.push_back(make_pair(i));
  }
  return forest;
}

int main() {
  std::vector<std::unique_ptr<Node>> forest = plant(10'000);
  forest.resize(4'000);
  return forest.size() == 4'000 ? 0 : 1;
}
