// Clean: a tree with weak pointers back to the parents.
#include <memory>
#include <vector>

struct Node {
  std::weak_ptr<Node> parent;
  std::vector<std::shared_ptr<Node>> children;
};

static std::shared_ptr<Node> grow(int depth) {
  auto node = std::make_shared<Node>();
  for (int i = 0; depth > 0 && i < 3; ++i) {
    node->children.push_back(grow(depth - 1));
    node->children.back()->parent = node;
  }
  return node;
}

int main() { return grow(4)->children.size() == 3 ? 0 : 1; }
