// Leaky: two objects keep each other alive.
#include <memory>

struct Node {
  std::shared_ptr<Node> other;
};

static void make_pair() {
  auto one = std::make_shared<Node>();
  auto two = std::make_shared<Node>();
  one->other = two;
  two->other = one;
}

int main() {
  make_pair();
  return 0;
}
