// Leaky: an exception leaves before delete.
#include <stdexcept>

static int parse(int value) {
  int* volatile scratch = new int[8];
  if (value % 2 == 1) throw std::runtime_error("odd");
  delete[] scratch;
  return value;
}

int main() {
  int failures = 0;
  for (int i = 0; i < 6; ++i) {
    try {
      parse(i);
    } catch (const std::runtime_error&) {
      ++failures;
    }
  }
  return failures == 3 ? 0 : 1;
}
