// Reads and writes a profile file, plain and compressed:
//   make_profile 500000 big.json && profile_file_bench big.json [BENCHMARK OPTIONS]

#include <cstdlib>
#include <iostream>
#include <string>

#include <benchmark/benchmark.h>

#include "profile/profile_file.hpp"

namespace {

using namespace memprof;

Profile must_read(const std::string& path) {
  Result<Profile> profile = read_profile(path);
  if (profile) return std::move(*profile);
  std::cerr << profile.error().what << '\n';
  std::exit(1);
}

void must_write(const Profile& profile, const std::string& path) {
  if (const Result<void> written = write_profile(profile, path); !written) {
    std::cerr << written.error().what << '\n';
    std::exit(1);
  }
}

void read_file(benchmark::State& state, const std::string& path) {
  std::size_t sites = 0;
  for (auto _ : state) sites = must_read(path).sites.size();
  state.counters["sites"] = static_cast<double>(sites);
}

void write_file(benchmark::State& state, const Profile& profile, const std::string& path) {
  for (auto _ : state) must_write(profile, path);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: profile_file_bench FILE.json [BENCHMARK OPTIONS]\n";
    return 2;
  }
  const std::string plain = argv[1];
  const std::string copy = plain + ".copy";
  const std::string compressed = plain + ".zst";
  const Profile profile = must_read(plain);
  must_write(profile, compressed);
  for (const std::string& path : {plain, compressed}) {
    benchmark::RegisterBenchmark(("read " + path).c_str(), read_file, path)->Unit(benchmark::kMillisecond);
  }
  for (const std::string& path : {copy, compressed}) {
    benchmark::RegisterBenchmark(("write " + path).c_str(), write_file, profile, path)->Unit(benchmark::kMillisecond);
  }
  benchmark::RunSpecifiedBenchmarks();
}
