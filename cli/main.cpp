#include <iostream>

#include <unistd.h>

#include "cli/program.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  memprof::cli::Console console{std::cout, std::cerr, memprof::cli::look_at_terminal(STDOUT_FILENO)};
  return memprof::cli::run_program({argv + 1, argv + argc}, console);
}
