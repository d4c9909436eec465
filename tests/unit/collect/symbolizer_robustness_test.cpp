// Many addresses, many threads, damaged files.
#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <iterator>
#include <random>

#include "collect/symbol_elf.hpp"
#include "collect/symbol_files.hpp"
#include "collect/symbol_module.hpp"
#include "collect/symbol_workers.hpp"
#include "collect/symbolizer.hpp"
#include "tests/catch.hpp"
#include "tests/unit/collect/symbol_fixture.hpp"

using namespace memprof;

namespace {

std::vector<char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Every `step`-th address of the file's .text.
std::vector<collect::CodeLocation> locations_in_text(const std::string& path, std::uint64_t step) {
  const auto text = collect::ElfFile::open(path).section(".text");
  REQUIRE(text);
  std::vector<collect::CodeLocation> locations;
  for (std::uint64_t offset = 1; offset <= text->header.sh_size; offset += step) {
    locations.push_back({0, text->header.sh_addr + offset, true});
  }
  return locations;
}

std::vector<std::vector<std::string>> describe_all(const std::vector<collect::FrameChain>& chains) {
  std::vector<std::vector<std::string>> result;
  for (const auto& chain : chains) result.push_back(test::described(chain));
  return result;
}

/// Overwrites a few bytes, half of the time in or near the DWARF, which is what has structure to break.
void damage(std::vector<char>& image, std::mt19937& random) {
  const auto flips = 1 + random() % 24;
  for (unsigned flip = 0; flip < flips; ++flip) {
    const std::size_t start = random() % 2 == 0 ? image.size() / 4 : 0;
    image[start + random() % (image.size() - start)] = static_cast<char>(random());
  }
  if (random() % 16 == 0) image.resize(random() % image.size());
}

}  // namespace

TEST_CASE("results do not depend on the number of threads or on what else is asked") {
  if (!MEMPROF_HAVE_GCC) {
    WARN("SKIPPED: gcc and g++ are not installed, so there are no programs to look at");
    return;
  }
  const std::vector<std::string> names = {"shapes-gcc-O2-dwarf5", "plain-gcc", "shapes-gcc-O0-dwarf4", "library.so"};
  std::vector<collect::ModuleImage> images;
  std::vector<collect::CodeLocation> locations;
  for (std::uint32_t module = 0; module < names.size(); ++module) {
    const std::string path = test::program_path(names[module]);
    images.push_back({path, test::build_id_of(path), -1});
    for (auto location : locations_in_text(path, 3)) locations.push_back({module, location.address, true});
  }
  std::shuffle(locations.begin(), locations.end(), std::mt19937(1));
  auto options = test::no_debug_directories();
  options.threads = 1;
  collect::Symbolizer one(images, options);
  const auto expected = describe_all(one.resolve(locations));
  REQUIRE(expected.size() == locations.size());
  for (const unsigned threads : {2U, 4U, 16U}) {
    options.threads = threads;
    collect::Symbolizer symbolizer(images, options);
    CHECK(describe_all(symbolizer.resolve(locations)) == expected);
  }
  collect::Symbolizer alone(images, options);
  for (std::size_t index = 0; index < locations.size(); index += 97) {
    CHECK(describe_all(alone.resolve(std::span(&locations[index], 1)))[0] == expected[index]);
  }
}

TEST_CASE("a module whose units are divided among several handles gives the same chains") {
  const std::string name = MEMPROF_HAVE_RUSTC ? "crates-default" : "shapes-gcc-O2-dwarf5";
  if (!MEMPROF_HAVE_GCC) {
    WARN("SKIPPED: gcc and g++ are not installed, so there are no programs to look at");
    return;
  }
  if (!MEMPROF_HAVE_RUSTC) WARN("SKIPPED: without rustc there is no program of many units to divide");
  const collect::ModuleImage image{test::program_path(name), test::build_id_of(test::program_path(name)), -1};
  std::vector<std::uint64_t> addresses;
  for (const auto& location : locations_in_text(image.path, 11)) addresses.push_back(location.address);
  std::vector<std::vector<std::vector<std::string>>> results;
  for (const unsigned most : {1U, 64U}) {
    collect::ModuleLookup module(image, addresses);
    std::deque<collect::TextPool> texts;
    module.open({}, {});
    const std::size_t parts = module.divide(most, 1);
    CHECK((parts > 1) == (most > 1 && MEMPROF_HAVE_RUSTC));
    for (std::size_t part = 0; part < parts; ++part) texts.emplace_back();
    collect::run_tasks(parts, most, [&](std::size_t part) { module.match_part(part, texts[part]); });
    module.match_symbols(texts.emplace_back());
    auto& chains = results.emplace_back();
    for (std::size_t index = 0; index < addresses.size(); ++index) {
      chains.push_back(test::described(module.chain(index)));
    }
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("locations without a module or without code have one frame without names") {
  const std::string path = "/proc/self/exe";
  collect::Symbolizer symbolizer({{path, test::build_id_of(path), -1}}, test::no_debug_directories());
  const std::vector<collect::CodeLocation> locations = {{0, 0}, {0, UINT64_MAX}, {1, 0x1000}, {UINT32_MAX, 1}};
  for (const auto& chain : symbolizer.resolve(locations)) {
    REQUIRE(chain.size() == 1);
    CHECK(chain[0].function.empty());
  }
  CHECK(symbolizer.resolve({}).empty());
  CHECK_FALSE(symbolizer.symbols_found(7));
}

TEST_CASE("progress rises to one and names what is being done") {
  const std::string path = "/proc/self/exe";
  collect::Symbolizer symbolizer({{path, test::build_id_of(path), -1}}, test::no_debug_directories());
  double last = 0;
  std::atomic<int> inside{0};
  symbolizer.resolve(locations_in_text(path, 4096), [&](double fraction, const std::string& what) {
    CHECK(++inside == 1);
    CHECK(fraction >= last);
    CHECK(what == "exe");
    last = fraction;
    --inside;
  });
  CHECK(last == Approx(1.0));
}

TEST_CASE("the checksum of .gnu_debuglink is the common CRC-32") {
  CHECK(collect::debuglink_crc("123456789") == 0xcbf43926U);
  CHECK(collect::debuglink_crc("") == 0);
}

TEST_CASE("damaged files give what they still give, and never a crash") {
  if (!MEMPROF_HAVE_GCC) {
    WARN("SKIPPED: gcc and g++ are not installed, so there are no programs to look at");
    return;
  }
  test::ScratchDirectory directory;
  const std::string damaged = directory / "damaged";
  for (const char* name : {"plain-gcc", "shapes-gcc-O2-dwarf5", "shapes-gcc-O2-dwarf4", "shapes-gcc-compressed"}) {
    const std::string path = test::program_path(name);
    const auto locations = locations_in_text(path, 7);
    const auto whole = bytes_of(path);
    for (unsigned seed = 0; seed < 100; ++seed) {
      INFO(name << " with seed " << seed);
      std::mt19937 random(seed);
      auto image = whole;
      damage(image, random);
      std::ofstream(damaged, std::ios::binary).write(image.data(), static_cast<std::streamsize>(image.size()));
      // Empty build id and open descriptor: the file is trusted, whatever its notes say now.
      FILE* file = std::fopen(damaged.c_str(), "rb");
      REQUIRE(file != nullptr);
      collect::Symbolizer symbolizer({{damaged, "", fileno(file)}}, test::no_debug_directories());
      const auto chains = symbolizer.resolve(locations);
      CHECK(chains.size() == locations.size());
      CHECK(std::none_of(chains.begin(), chains.end(), [](const auto& chain) { return chain.empty(); }));
      std::fclose(file);
    }
  }
}
