// Call stacks: as deep as they are, and of the right file at the right time.

#include <algorithm>
#include <set>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

/// Frames of the machine, without inlined ones.
std::size_t depth(const Profile& profile, NodeIndex node) {
  std::size_t frames = 0;
  for (; node >= kRootCount; node = profile.stacks[node].parent) {
    if (!profile.frames[profile.stacks[node].frame].inlined) ++frames;
  }
  return frames;
}

NodeIndex root(const Profile& profile, NodeIndex node) {
  while (node >= kRootCount) node = profile.stacks[node].parent;
  return node;
}

std::size_t deepest(const Profile& profile) {
  std::size_t most = 0;
  for (const Site& site : profile.sites) most = std::max(most, depth(profile, site.stack));
  return most;
}

TEST_CASE("a recursion 10,000 deep has whole stacks") {
  ProfiledRun run = profiled({test_program("deep_recursion"), "10000"});
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), Scope::kProcess);
  CHECK(profile.capture.truncated_stacks == 0);
  CHECK(deepest(profile) > 10000);
}

TEST_CASE("a recursion 100,000 deep is cut and says so") {
  ProfiledRun run = profiled({test_program("deep_recursion"), "100000"});
  CHECK(run.command.status == 0);
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), Scope::kProcess);
  CHECK(profile.capture.truncated_stacks > 1000);
  CHECK(deepest(profile) <= profile.capture.max_depth);
}

TEST_CASE("option --depth keeps the innermost frames and flags what is cut") {
  ProfiledRun run = profiled({test_program("known_peak")}, {}, {"--depth", "1"});
  const Profile& profile = run.only();
  check_figures(profile, expectations(run.command.out).at(0), Scope::kProcess);
  CHECK(profile.capture.truncated_stacks == profile.totals.allocations + profile.totals.frees);
  for (const Site& site : profile.sites) CHECK(root(profile, site.stack) == kCutRoot);
}

TEST_CASE("option --depth 0 counts without stacks") {
  ProfiledRun run = profiled({test_program("hand_over")}, {}, {"--depth", "0"});
  const Profile& profile = run.only();
  check_quality(profile);
  CHECK(profile.capture.max_depth == 0);
  CHECK(deepest(profile) == 0);
  CHECK(profile.totals.allocations >= expectations(run.command.out).at(0).at("allocations"));
}

TEST_CASE("plug-ins that follow one another at one address are told apart") {
  ProfiledRun run =
      profiled({test_program("plugin_host"), test_program("plugin_first.so"), test_program("plugin_second.so")});
  CHECK(run.command.status == 0);
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), Scope::kProcess);
}

TEST_CASE("every stack of a plain program ends in its start") {
  const ProfiledRun run = profiled({test_program("known_peak")});
  const Profile& profile = run.only();
  for (const Site& site : profile.sites) {
    CHECK(root(profile, site.stack) == kCompleteRoot);
    std::set<std::string> functions;
    for (NodeIndex node = site.stack; node >= kRootCount; node = profile.stacks[node].parent) {
      functions.insert(profile.text(profile.frames[profile.stacks[node].frame].function));
    }
    CHECK(functions.count("main") == 1);
    CHECK(functions.count("_start") == 1);
  }
}

}  // namespace
}  // namespace memprof::test
