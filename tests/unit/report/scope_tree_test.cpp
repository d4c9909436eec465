// Scopes in the order in which they are shown.

#include "report/scope_tree.hpp"

#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

namespace memprof::tests {
namespace {

using report::ScopeRow;
using report::ScopeThreads;

std::uint32_t add_scope(ProfileBuilder& builder, const std::string& name, std::uint32_t parent, std::uint32_t thread,
                        std::uint64_t peak_bytes) {
  Scope scope;
  scope.name = builder.string(name);
  scope.parent = parent;
  scope.thread = thread;
  scope.calls = 2;
  scope.duration_s = 0.5;
  scope.allocations = 3;
  scope.allocated_bytes = 100;
  scope.frees = 1;
  scope.freed_bytes = 140;
  scope.peak_bytes = peak_bytes;
  builder.profile.scopes.push_back(scope);
  return static_cast<std::uint32_t>(builder.profile.scopes.size() - 1);
}

/// Two threads that load, of which one parses meanwhile; rows of the two alternate.
ProfileBuilder two_threads() {
  ProfileBuilder builder;
  builder.profile.threads.resize(2);
  const std::uint32_t first = add_scope(builder, "load", kNoIndex, 1, 60);
  const std::uint32_t second = add_scope(builder, "load", kNoIndex, 0, 80);
  add_scope(builder, "parse", second, 0, 10);
  add_scope(builder, "parse", first, 1, 30);
  add_scope(builder, "save", kNoIndex, 1, 5);
  return builder;
}

std::vector<std::string> shown(const Profile& profile, const std::vector<ScopeRow>& rows) {
  std::vector<std::string> lines;
  for (const ScopeRow& row : rows) {
    const std::string thread = row.thread == kNoIndex ? "all" : std::to_string(row.thread);
    lines.push_back(thread + std::string(row.depth + 1, ' ') + profile.text(row.name));
  }
  return lines;
}

TEST_CASE("scopes stand below the one that they are in, thread by thread") {
  const ProfileBuilder builder = two_threads();
  const auto rows = report::scope_tree(builder.profile, ScopeThreads::kApart);
  CHECK(shown(builder.profile, rows) == std::vector<std::string>{"1 load", "1  parse", "1 save", "0 load", "0  parse"});
  CHECK(rows[0].net_bytes() == -40);
  CHECK(rows[0].calls == 2);
}

TEST_CASE("threads are added up on demand, with the highest peak") {
  const ProfileBuilder builder = two_threads();
  const auto rows = report::scope_tree(builder.profile, ScopeThreads::kTogether);
  CHECK(shown(builder.profile, rows) == std::vector<std::string>{"all load", "all  parse", "1 save"});
  CHECK(rows[0].calls == 4);
  CHECK(rows[0].duration_s == 1.0);
  CHECK(rows[0].allocations == 6);
  CHECK(rows[0].net_bytes() == -80);
  CHECK(rows[0].peak_bytes == 80);
  CHECK(rows[1].peak_bytes == 30);
}

TEST_CASE("a program without scopes has no rows") {
  CHECK(report::scope_tree(Profile{}, ScopeThreads::kApart).empty());
}

}  // namespace
}  // namespace memprof::tests
