// Unfreed but reachable: a singleton that is never destroyed, on purpose. Fails until the heap scan can tell.
#include <string>

static std::string& banner() {
  static auto* text = new std::string("a text that is too long to be kept in the object");
  return *text;
}

int main() { return banner().size() > 40 ? 0 : 1; }
