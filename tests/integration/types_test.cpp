// Types of heap blocks, on programs whose source says the truth: "// = T" behind a line.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

using Truth = std::map<std::uint32_t, std::set<std::string>>;  // by line

Truth read_truth(const std::string& source) {
  constexpr std::string_view kMark = "// = ";
  Truth truth;
  std::ifstream file(source);
  std::uint32_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const std::size_t mark = line.find(kMark);
    if (mark == std::string::npos) continue;
    std::istringstream types(line.substr(mark + kMark.size()));
    std::string word, type;
    while (types >> word) {
      if (word != "|") type += (type.empty() ? "" : " ") + word;
      if (word == "|" || types.eof()) truth[number].insert(std::exchange(type, {}));
    }
    if (!type.empty()) truth[number].insert(type);
  }
  return truth;
}

/// The innermost line of the site that the truth knows; 0: none.
std::uint32_t known_line(const Profile& profile, const Site& site, const std::string& source, const Truth& truth) {
  for (NodeIndex node = site.stack; node != kNoIndex; node = profile.stacks[node].parent) {
    if (profile.stacks[node].frame == kNoIndex) break;
    const Frame& frame = profile.frames[profile.stacks[node].frame];
    if (profile.text(frame.file) == source && truth.count(frame.line) != 0) return frame.line;
  }
  return 0;
}

struct Shares {
  std::uint64_t all = 0, typed = 0, right = 0;
  std::string mistakes;
};

Shares compare(const Profile& profile, const std::string& source) {
  const Truth truth = read_truth(source);
  REQUIRE(truth.size() >= 6);
  Shares shares;
  std::set<std::uint32_t> seen;
  for (const Site& site : profile.sites) {
    const std::uint32_t line = known_line(profile, site, source, truth);
    if (line == 0 || site.allocated_bytes == 0) continue;
    seen.insert(line);
    shares.all += site.allocated_bytes;
    if (site.type == kNoIndex) continue;
    const std::string& name = profile.text(profile.types[site.type].name);
    shares.typed += site.allocated_bytes;
    if (truth.at(line).count(name) != 0) {
      shares.right += site.allocated_bytes;
    } else {
      shares.mistakes += "line " + std::to_string(line) + ": " + name + "\n";
    }
  }
  return shares;
}

void check_types(const std::string& label, const std::string& source_name) {
  const std::string source = source_directory() + "/tests/programs/types/" + source_name;
  for (const char* level : {"_O0", "_O2"}) {
    const std::string program = build_directory() + "/tests/programs/types/" + label + level;
    if (!std::filesystem::exists(program)) {
      WARN("skipped: the compiler for " << program << " was not found when the project was configured");
      return;
    }
    const ProfiledRun run = profiled({program});
    const Shares shares = compare(run.only(), source);
    INFO(program << "\n"
                 << shares.mistakes << shares.all << " bytes, " << shares.typed << " typed, " << shares.right
                 << " right");
    CHECK(shares.all > 0);
    CHECK(shares.typed * 100 >= shares.all * 90);
    CHECK(shares.right * 100 >= shares.typed * 95);
  }
}

std::uint64_t blocks_constructed(const Profile& profile, const std::string& name) {
  std::uint64_t blocks = 0;
  for (const Site& site : profile.sites) {
    if (site.type == kNoIndex || profile.types[site.type].evidence != TypeEvidence::kConstructor) continue;
    if (profile.text(profile.types[site.type].name) == name) blocks += site.allocations;
  }
  return blocks;
}

}  // namespace

TEST_CASE("types in C++ built by GCC") { check_types("cxx_gcc", "typed_heap.cpp"); }
TEST_CASE("types in C++ built by Clang") { check_types("cxx_clang", "typed_heap.cpp"); }
TEST_CASE("types in C built by GCC") { check_types("c_gcc", "typed_heap_c.c"); }
TEST_CASE("types in C built by Clang") { check_types("c_clang", "typed_heap_c.c"); }

TEST_CASE("types in C++ without its source") {
  // The program is told of a source that isn't there: what is left is names, constructors and variables.
  const std::string program = build_directory() + "/tests/programs/types/cxx_gcc_hidden";
  if (!std::filesystem::exists(program)) {
    WARN("skipped: GCC was not found when the project was configured");
    return;
  }
  const Truth truth = read_truth(source_directory() + "/tests/programs/types/typed_heap.cpp");
  const ProfiledRun run = profiled({program});
  std::uint64_t all = 0, typed = 0;
  for (const Site& site : run.only().sites) {
    if (known_line(run.only(), site, "/hidden/typed_heap.cpp", truth) == 0) continue;
    all += site.allocated_bytes;
    if (site.type != kNoIndex) typed += site.allocated_bytes;
  }
  CHECK(all > 0);
  CHECK(typed * 100 >= all * 95);
  // Code that isn't optimised describes no calls: its constructors are found by the code itself.
  CHECK(blocks_constructed(run.only(), "shop::Square") == 1000);
}

TEST_CASE("types by the compiler's note at the call") {
  const std::string program = build_directory() + "/tests/programs/types/noted";
  if (!std::filesystem::exists(program)) {
    WARN("skipped: GCC or Python was not found when the project was configured");
    return;
  }
  const ProfiledRun run = profiled({program});
  std::uint64_t blocks = 0;
  for (const Site& site : run.only().sites) {
    if (site.type == kNoIndex || site.max_size != 40) continue;
    const Type& type = run.only().types[site.type];
    CHECK(run.only().text(type.name) == "hidden");
    CHECK(type.evidence == TypeEvidence::kAllocationType);
    blocks += site.allocations;
  }
  CHECK(blocks == 100);
}

TEST_CASE("types in Rust by the arguments of generic functions") {
  if (!std::filesystem::exists(example("boxes"))) {
    WARN("skipped: rustc was not found when the project was configured");
    return;
  }
  const ProfiledRun run = profiled({example("boxes")});
  std::map<std::string, std::uint64_t> blocks;
  for (const Site& site : run.only().sites) {
    if (site.type != kNoIndex) blocks[run.only().text(run.only().types[site.type].name)] += site.allocations;
  }
  CHECK(blocks["boxes::Record"] == 10'000);
  CHECK(blocks["Vec<Box<boxes::Record>>"] == 1);
}

}  // namespace memprof::test
