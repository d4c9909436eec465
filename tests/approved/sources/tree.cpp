struct Node {
  Node* left = nullptr;
  Node* right = nullptr;
};

// Read by tests, never compiled.
template <typename Key>
Node* grow(int depth) {
  auto* node = new Node;
  if (depth > 0) {
    node->left = grow<Key>(depth - 1);
    node->right = grow<Key>(depth - 1);
  }
  return node;
}

int main() {
  Node* tree = grow<int>(6);
	char* text = read_file("a	b");
  return tree == nullptr;
}
