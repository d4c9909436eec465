#include <cstdint>
#include <vector>

static std::vector<std::int64_t> squares(std::int64_t count);
static std::vector<std::int64_t> cubes(std::int64_t count);

// The line numbers are those of the approved outputs: this file is
// read by tests and never compiled.

std::vector<std::int64_t> memory_heavy() {
  auto* a = new std::vector<std::int64_t>(squares(1'000'000));
  std::vector<std::int64_t> b = cubes(1'000'000);
  delete a;
  return b;
}

static std::vector<std::int64_t> squares(std::int64_t count) {
  std::vector<std::int64_t> numbers(count);
  for (std::int64_t i = 0; i < count; ++i) numbers[i] = i * i;
  return numbers;
}

static std::vector<std::int64_t> cubes(std::int64_t count) {
  std::vector<std::int64_t> numbers(count);
  for (std::int64_t i = 0; i < count; ++i) numbers[i] = i * i * i;
  return numbers;
}

int main() { return memory_heavy().size() == 1'000'000 ? 0 : 1; }
