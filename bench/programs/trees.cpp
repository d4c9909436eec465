// Builds and destroys binary trees by recursion, and does little else. Left and right go through different functions,
// so each of a tree's 2^16 - 1 nodes is allocated, and freed, under a call stack of its own.
//
// usage: trees [ROUNDS]

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kLevels = 16;

struct Node {
  Node* left;
  Node* right;
  int level;
};

Node* build_left(int level);
Node* build_right(int level);
void destroy_left(Node* node);
void destroy_right(Node* node);

[[gnu::always_inline]] inline Node* build(int level) {
  if (level == 0) return nullptr;
  Node* const node = new Node{nullptr, nullptr, level};
  node->left = build_left(level - 1);
  node->right = build_right(level - 1);
  return node;
}

[[gnu::always_inline]] inline void destroy(Node* node) {
  if (node == nullptr) return;
  destroy_left(node->left);
  destroy_right(node->right);
  delete node;
}

[[gnu::noinline]] Node* build_left(int level) { return build(level); }
[[gnu::noinline]] Node* build_right(int level) { return build(level); }
[[gnu::noinline]] void destroy_left(Node* node) { destroy(node); }
[[gnu::noinline]] void destroy_right(Node* node) { destroy(node); }

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 40;
  long levels = 0;
  for (int round = 0; round < rounds; ++round) {
    Node* const root = build(kLevels);
    levels += root->level;
    destroy(root);
  }
  std::printf("%ld\n", levels);
}
