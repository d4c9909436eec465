// usage: profile_samples DIRECTORY COUNT
// Writes random profiles and one compressed one, for readers that are not ours.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "profile/profile_file.hpp"
#include "tests/unit/profile/random_profile.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: profile_samples DIRECTORY COUNT\n";
    return 2;
  }
  const std::string directory = argv[1];
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  for (std::uint64_t seed = 0; seed <= count; ++seed) {
    const bool last = seed == count;
    const std::string path = directory + "/" + std::to_string(seed) + (last ? ".json.zst" : ".json");
    const auto written = memprof::write_profile(memprof::test::random_profile(seed), path);
    if (written) continue;
    std::cerr << written.error().what << '\n';
    return 1;
  }
}
