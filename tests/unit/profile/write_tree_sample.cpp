// usage: tree_sample FILE
// Writes an index, for readers that are not ours.

#include <iostream>

#include "profile/process_tree_file.hpp"
#include "tests/unit/profile/sample_tree.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tree_sample FILE\n";
    return 2;
  }
  const auto written = memprof::write_process_tree(memprof::test::sample_tree(), argv[1]);
  if (written) return 0;
  std::cerr << written.error().what << '\n';
  return 1;
}
