// Two arrays of a million 8-byte numbers, the first of which is freed: what the per-line table makes of it.
// The vector object *a itself costs nothing: a new/delete pair that isn't needed may be left out, and GCC does.

#include <cstdint>
#include <vector>

static std::vector<std::int64_t> squares(std::int64_t count);
static std::vector<std::int64_t> cubes(std::int64_t count);

std::vector<std::int64_t> memory_heavy() {
  auto* a = new std::vector<std::int64_t>(squares(1'000'000));
  std::vector<std::int64_t> b = cubes(1'000'000);
  delete a;
  return b;
}

// The optimiser may drop an array that nobody reads, but not one that it has seen go to a function it must not inline.
[[gnu::noinline]] static void fill_with_powers(std::int64_t* numbers, std::int64_t count, int exponent) {
  for (std::int64_t base = 0; base < count; ++base) {
    numbers[base] = exponent == 2 ? base * base : base * base * base;
  }
}

std::vector<std::int64_t> squares(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  fill_with_powers(numbers.data(), count, 2);
  return numbers;
}

std::vector<std::int64_t> cubes(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  fill_with_powers(numbers.data(), count, 3);
  return numbers;
}

// libstdc++ keeps 71 KiB back for exceptions thrown when memory is short. They are given up here (the way Valgrind does
// it), so that the table shows the two arrays and nothing else.
namespace __gnu_cxx {
[[gnu::weak]] void __freeres();
}

int main() {
  if (__gnu_cxx::__freeres) __gnu_cxx::__freeres();
  return memory_heavy().size() == 1'000'000 ? 0 : 1;
}
