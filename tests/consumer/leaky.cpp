// Loses blocks of 24 bytes in one place, as many as the environment says.

#include <cstdlib>
#include <cstring>

namespace {
char* volatile lost;

void lose_block() {
  lost = static_cast<char*>(std::malloc(24));
  std::memset(lost, 1, 24);
}
}  // namespace

int main() {
  const char* scale = std::getenv("CONSUMER_SCALE");
  const int blocks = scale == nullptr ? 3 : std::atoi(scale);
  for (int i = 0; i < blocks; ++i) lose_block();
  return 0;
}
