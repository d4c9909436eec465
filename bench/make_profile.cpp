// Writes a large profile of a program that never ran, for timing reports:
//   make_profile STACKS FILE [SEED]
// Equal arguments make equal profiles; another seed keeps the names and changes the figures, for diff.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "profile/profile_file.hpp"

namespace {

using namespace memprof;

constexpr std::uint32_t kFunctions = 20'000;
constexpr std::uint32_t kLinesPerFunction = 5;  // with calls or allocations
constexpr std::uint32_t kFunctionsPerFile = 40;
constexpr std::size_t kMeanDepth = 20;

/// Functions in files of 40, all in one module; frame i is line i % 5 of function i / 5.
void add_frames(Profile& profile) {
  profile.strings.push_back("/usr/bin/big");
  profile.modules.push_back({1, 0, true});
  const auto first_function = static_cast<StringIndex>(profile.strings.size());
  for (std::uint32_t i = 0; i < kFunctions; ++i) {
    profile.strings.push_back("big::Component" + std::to_string(i) +
                              "<std::vector<std::string, std::allocator<std::string> > >::handle(Request const&)");
  }
  const auto first_file = static_cast<StringIndex>(profile.strings.size());
  for (std::uint32_t i = 0; i < kFunctions / kFunctionsPerFile; ++i) {
    profile.strings.push_back("/home/big/project/src/component/part_" + std::to_string(i) + "/handler.cpp");
  }
  for (std::uint32_t i = 0; i < kFunctions * kLinesPerFunction; ++i) {
    const std::uint32_t function = i / kLinesPerFunction;
    const std::uint32_t first_line = 1 + function % kFunctionsPerFile * 50;
    profile.frames.push_back({.function = first_function + function,
                              .file = first_file + function / kFunctionsPerFile,
                              .line = first_line + 3 + i % kLinesPerFunction * 8,
                              .function_line = first_line,
                              .module = 0,
                              .inlined = i % 7 == 0});
  }
}

/// Stacks branch off earlier ones, as those of a real program do.
void add_sites(Profile& profile, std::size_t count, std::mt19937_64& random) {
  std::vector<std::uint32_t> depths(profile.stacks.size(), 0);
  while (profile.sites.size() < count) {
    NodeIndex node = profile.sites.empty() ? kCompleteRoot : profile.sites[random() % profile.sites.size()].stack;
    for (std::size_t up = random() % 4; up > 0 && profile.stacks[node].parent != kNoIndex; --up) {
      node = profile.stacks[node].parent;
    }
    const std::size_t deeper = depths[node] < kMeanDepth ? 1 + random() % 5 : 1;
    for (std::size_t i = 0; i < deeper; ++i) {
      profile.stacks.push_back({node, static_cast<FrameIndex>(random() % profile.frames.size())});
      depths.push_back(depths[node] + 1);
      node = static_cast<NodeIndex>(profile.stacks.size() - 1);
    }
    Site site;
    site.stack = node;
    profile.sites.push_back(site);
  }
}

void add_figures(Profile& profile, std::mt19937_64& random) {
  Totals& totals = profile.totals;
  for (Site& site : profile.sites) {
    const std::uint64_t size = 16u << random() % 8;
    site.allocations = 1 + random() % 1000;
    site.allocated_bytes = site.allocations * size;
    site.live_blocks = random() % 3 == 0 ? random() % (site.allocations + 1) : 0;
    site.live_bytes = site.live_blocks * size;
    site.peak_blocks = site.live_blocks;
    site.peak_bytes = site.live_bytes;
    site.frees = site.allocations - site.live_blocks;
    site.freed_bytes = site.frees * size;
    site.min_size = site.max_size = site.size_divisor = size;
    site.highest_heap = random() % (1u << 30);
    totals.allocations += site.allocations;
    totals.allocated_bytes += site.allocated_bytes;
    totals.frees += site.frees;
    totals.freed_bytes += site.freed_bytes;
    totals.live_blocks += site.live_blocks;
    totals.live_bytes += site.live_bytes;
  }
  totals.peak_blocks = totals.live_blocks;
  totals.peak_bytes = totals.live_bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: make_profile STACKS FILE [SEED]\n";
    return 2;
  }
  Profile profile;
  profile.generator = "make_profile";
  profile.process.program = "big";
  profile.process.command = {"big"};
  profile.process.end_kind = EndKind::kExited;
  add_frames(profile);
  std::mt19937_64 shape(1);
  add_sites(profile, std::strtoull(argv[1], nullptr, 10), shape);
  std::mt19937_64 figures(argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 1);
  add_figures(profile, figures);
  const Result<void> written = write_profile(profile, argv[2]);
  if (!written) {
    std::cerr << written.error().what << '\n';
    return 1;
  }
  return 0;
}
