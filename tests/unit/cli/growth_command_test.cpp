#include "tests/unit/cli/cli_runner.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::tests;

namespace {

Profile sessions(std::uint64_t count, const std::string& program = "app") {
  ProfileBuilder builder;
  builder.profile.process.program = program;
  builder.profile.types = {{builder.string("Session"), builder.string("Session"), 0, 100, TypeEvidence::kConstructor}};
  builder.allocations({{.function = "main", .file = "/src/app.cpp", .line = 5}}, count, 100, count).type = 0;
  return builder.finished();
}

}  // namespace

TEST_CASE("Growth prints objgraph's lines") {
  const ProfileFile a(sessions(10), "a.json"), b(sessions(25), "b.json");
  const Output output = run_memprof({"growth", a.path(), b.path()});
  CHECK(output.status == 0);
  CHECK(output.out.find("a.json: 1 type grew\nSession       10       +10\n") != std::string::npos);
  CHECK(output.out.find("b.json: 1 type grew\nSession       25       +15\n") != std::string::npos);
}

TEST_CASE("Growth says when there is nothing to say") {
  const ProfileFile a(sessions(10), "a.json"), other(sessions(9, "other"), "other.json");
  CHECK(run_memprof({"growth", a.path(), a.path()}).out.find("the same profile as the one before") !=
        std::string::npos);
  const Output output = run_memprof({"growth", a.path(), other.path()});
  CHECK(output.out.find("is of another program, other") != std::string::npos);
  CHECK(output.out.find("other.json: 0 types grew\n") != std::string::npos);
}

TEST_CASE("Growth as JSON") {
  const ProfileFile a(sessions(10), "a.json");
  const Output output = run_memprof({"growth", "--json", a.path()});
  CHECK(output.out.find("\"growth\": 10") != std::string::npos);
  CHECK(output.out.find("\"name\": \"Session\"") != std::string::npos);
}

TEST_CASE("Growth refuses what contradicts itself") {
  const ProfileFile a(sessions(10), "a.json");
  CHECK(run_memprof({"growth"}).status == 2);
  CHECK(run_memprof({"growth", "--pid", "1", a.path()}).status == 2);
  CHECK(run_memprof({"growth", "--follow", a.path()}).status == 2);
  CHECK(run_memprof({"growth", "--pid", "1", "--json"}).status == 2);
  const Output zero = run_memprof({"growth", "--pid", "1", "--every", "0"});
  CHECK(zero.status == 2);
  CHECK(zero.err.find("'0' is not a time above 0") != std::string::npos);
  CHECK(run_memprof({"growth", "--group-by", "module", a.path()}).status == 2);
}

TEST_CASE("Top by type shows the evidence only when asked") {
  const ProfileFile a(sessions(10), "a.json");
  const Output plain = run_memprof({"top", "--group-by", "type", a.path()});
  CHECK(plain.out.find("Session: size=1000 B, count=10, average=100 B\n") != std::string::npos);
  const Output wide = run_memprof({"top", "--group-by", "type", "--wide", a.path()});
  CHECK(wide.out.find("    10 × Session: constructor, each 100 B\n") != std::string::npos);
  const Output wrong = run_memprof({"top", "--wide", a.path()});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("add --group-by type") != std::string::npos);
}
