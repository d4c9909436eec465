#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::test {
namespace {

std::string error_of(const Result<Profile>& result) { return result ? std::string() : result.error().what; }

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("any profile reads back as it was written", "[profile_file]") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Profile profile = random_profile(seed);
    const Result<Profile> read = parse_profile(format_profile(profile), "profile");
    INFO("seed " << seed << ": " << error_of(read));
    REQUIRE(read.has_value());
    REQUIRE(*read == profile);
  }
}

TEST_CASE("any profile reads back from a compressed file", "[profile_file]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("profile.json.zst");
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Profile profile = random_profile(seed);
    REQUIRE(write_profile(profile, path).has_value());
    const Result<Profile> read = read_profile(path);
    INFO("seed " << seed << ": " << error_of(read));
    REQUIRE(read.has_value());
    REQUIRE(*read == profile);
  }
}

TEST_CASE("compression is recognised by content, not by name", "[profile_file]") {
  const TemporaryDirectory directory;
  const Profile profile = sample_profile();
  REQUIRE(write_profile(profile, directory.file("a.json.zst")).has_value());
  REQUIRE(write_profile(profile, directory.file("b.json")).has_value());
  CHECK(contents(directory.file("a.json.zst")).starts_with("\x28\xb5\x2f\xfd"));
  CHECK(contents(directory.file("b.json")) == format_profile(profile));
  std::filesystem::rename(directory.file("a.json.zst"), directory.file("a"));
  std::filesystem::rename(directory.file("b.json"), directory.file("b.zst"));
  CHECK(read_profile(directory.file("a")) == profile);
  CHECK(read_profile(directory.file("b.zst")) == profile);
}

TEST_CASE("a profile that is larger than every buffer reads back", "[profile_file]") {
  Profile profile = sample_profile();
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    profile.strings.push_back("function number " + std::to_string(i * 2654435761u));
    profile.stacks.push_back({i / 2, i % 2});
    profile.sites.emplace_back().stack = static_cast<NodeIndex>(profile.stacks.size() - 1);
    profile.sites.back().allocated_bytes = std::uint64_t{i} * i * i;
  }
  const TemporaryDirectory directory;
  for (const std::string name : {"large.json", "large.json.zst"}) {
    REQUIRE(write_profile(profile, directory.file(name)).has_value());
    CHECK(std::filesystem::file_size(directory.file(name)) > 1'000'000);
    CHECK((read_profile(directory.file(name)) == profile));
  }
}

TEST_CASE("two zstd frames one after the other are one profile", "[profile_file]") {
  const TemporaryDirectory directory;
  REQUIRE(write_profile(sample_profile(), directory.file("a.zst")).has_value());
  std::string text = contents(directory.file("a.zst"));
  // An empty frame: magic number, descriptor (single segment), content size 0, one empty last block.
  text.append("\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00", 9);
  CHECK(parse_profile(text, "profile") == sample_profile());
}

TEST_CASE("numbers that JSON cannot say are written as 0", "[profile_file]") {
  Profile profile = sample_profile();
  profile.process.duration_s = std::numeric_limits<double>::infinity();
  profile.totals.peak_time_s = std::nan("");
  const Result<Profile> read = parse_profile(format_profile(profile), "profile");
  REQUIRE(read.has_value());
  CHECK(read->process.duration_s == 0);
  CHECK(read->totals.peak_time_s == 0);
}

}  // namespace memprof::test
