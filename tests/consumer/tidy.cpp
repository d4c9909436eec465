// Frees all that it allocates, and fails when its arguments did not arrive as they were given.

#include <memprof/memprof.h>

#include <memory>
#include <string>

int main(int argc, char** argv) {
  const auto buffer = std::make_unique<char[]>(1000);
  memprof_tick();
  return argc == 3 && std::string(argv[1]) == "two words" && std::string(argv[2]) == "3" ? 0 : 1;
}
