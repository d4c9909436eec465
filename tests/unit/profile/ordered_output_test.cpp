#include "profile/ordered_output.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"

namespace memprof::test {
namespace {

/// Pieces from nothing to more than any buffer holds.
std::vector<Piece> pieces_of_all_lengths(std::string& all) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < 60; ++i) {
    std::string text(i % 7 == 0 ? i * 20'000 : i % 3, static_cast<char>('a' + i % 26));
    all += text;
    pieces.emplace_back([text = std::move(text)](JsonText& out) { out.raw(text); });
  }
  return pieces;
}

}  // namespace

TEST_CASE("pieces come out in order, however many threads format them", "[ordered_output]") {
  std::string expected;
  const std::vector<Piece> pieces = pieces_of_all_lengths(expected);
  for (const unsigned threads : {1u, 2u, 5u, 100u}) {
    std::string written;
    REQUIRE(write_in_order(pieces, threads, [&](std::string_view bytes) {
      written += bytes;
      return Result<void>();
    }));
    CHECK(written == expected);
  }
}

TEST_CASE("after a failure nothing more is written, and the failure is told", "[ordered_output]") {
  std::string expected;
  const std::vector<Piece> pieces = pieces_of_all_lengths(expected);
  for (const unsigned threads : {1u, 3u}) {
    std::size_t written = 0;
    bool failed = false, went_on = false;
    const Result<void> result = write_in_order(pieces, threads, [&](std::string_view bytes) -> Result<void> {
      went_on = went_on || failed;
      written += bytes.size();
      failed = written > expected.size() / 2;
      if (failed) return failure("the disk is full");
      return {};
    });
    REQUIRE_FALSE(result);
    CHECK(result.error().what == "the disk is full");
    CHECK_FALSE(went_on);
  }
}

TEST_CASE("a table that is written in many pieces reads back", "[ordered_output]") {
  Profile profile;
  profile.frames.resize(1);
  for (NodeIndex node = kRootCount; node < 100'000; ++node) profile.stacks.push_back({node / 2, 0});
  const Result<Profile> read = parse_profile(format_profile(profile), "profile");
  REQUIRE(read);
  CHECK(*read == profile);
}

}  // namespace memprof::test
