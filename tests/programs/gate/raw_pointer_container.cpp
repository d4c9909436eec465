// Leaky: the vector goes, what its pointers own stays.
#include <vector>

struct Item {
  int value[4];
};

static int build(int count) {
  std::vector<Item*> items;
  for (int i = 0; i < count; ++i) items.push_back(new Item{{i, i, i, i}});
  return static_cast<int>(items.size());
}

int main() { return build(5) == 5 ? 0 : 1; }
