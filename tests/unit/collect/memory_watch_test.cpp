#include "collect/memory_watch.hpp"

#include <unistd.h>

#include "collect/target_files.hpp"
#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMiB = 1024 * 1024;

/// A watch that has looked at this process once; `later` is a time when the look is paid for, and the next regular one
/// is not yet due.
struct Watched {
  Watched() {
    files.open(::getpid());
    watch.look({}, {}, {});
    REQUIRE(watch.moments().size() == 1);
    seen = watch.moments().front().rss_bytes;
    later = MemoryWatch::Clock::now() + milliseconds(880);
  }
  TargetFiles files;
  MemoryWatch watch{files};
  std::uint64_t seen = 0;
  MemoryWatch::Clock::time_point later;
};

TEST_CASE("memory is looked at first, and once a second, but not where there is none") {
  TargetFiles nobody;
  MemoryWatch fresh(nobody);
  CHECK_FALSE(fresh.due(0));
  CHECK(fresh.due(1));
  Watched watched;
  CHECK_FALSE(watched.watch.due(watched.seen, watched.later));
  CHECK(watched.watch.due(watched.seen, watched.later + milliseconds(200)));
  CHECK_FALSE(watched.watch.due(0, watched.later + milliseconds(200)));
}

TEST_CASE("memory that grows is looked at when it pauses, or has grown by half") {
  Watched watched;
  auto now = watched.later;
  std::uint64_t rss = watched.seen;
  const std::uint64_t eighth = watched.seen / 8 + kMiB;
  const std::uint64_t step = watched.seen / 100;
  REQUIRE(eighth < watched.seen / 2);
  CHECK_FALSE(watched.watch.due(rss, now));
  while (rss <= watched.seen + eighth) CHECK_FALSE(watched.watch.due(rss += step, now += milliseconds(1)));
  SECTION("it grows on") {
    while (rss + step <= watched.seen + watched.seen / 2) {
      REQUIRE_FALSE(watched.watch.due(rss += step, now += milliseconds(1)));
    }
    CHECK(watched.watch.due(rss += step, now += milliseconds(1)));
  }
  SECTION("it pauses") {
    CHECK_FALSE(watched.watch.due(rss, now + milliseconds(1)));
    CHECK(watched.watch.due(rss, now + milliseconds(2)));
  }
  SECTION("nobody asks often enough to tell") { CHECK(watched.watch.due(rss + step, now + milliseconds(20))); }
}

TEST_CASE("memory that has grown by less than an eighth is not looked at") {
  Watched watched;
  CHECK_FALSE(watched.watch.due(watched.seen + watched.seen / 10, watched.later));
  CHECK_FALSE(watched.watch.due(watched.seen + watched.seen / 10, watched.later + milliseconds(3)));
}

}  // namespace
}  // namespace memprof::collect
