#include "collect/hook_names.hpp"

#include <set>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("every hook has a name of its own") {
  const auto names = hook_names();
  REQUIRE(names.size() == wire::kHookCount);
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  CHECK(hook_name(wire::Hook::kNewArray) == "operator new[]");
  CHECK(hook_name(wire::Hook::kMremap) == "mremap");
}

TEST_CASE("a value that is no hook has a placeholder for a name") {
  CHECK(hook_name(static_cast<wire::Hook>(31)) == "?");
}

}  // namespace
}  // namespace memprof::collect
