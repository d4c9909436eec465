// Where the memory is: heap, allocator, the program's own mappings, files, stacks; and why, if the heap has little of
// it.

#include <filesystem>

#include "profile/memory_coverage.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;
using Catch::StartsWith;

constexpr std::uint64_t kMiB = 1 << 20;

std::uint64_t sum(const MemoryMoment& moment) {
  return moment.file_bytes + moment.stack_bytes + moment.direct_bytes + moment.anonymous_bytes + moment.memprof_bytes;
}

bool installed(const std::string& program) { return std::filesystem::exists(program); }

TEST_CASE("a program's own arena is told from its heap, to the page, and its allocator from both") {
  const ProfiledRun run = profiled({test_program("own_arena")});
  const Profile& profile = run.only();
  CHECK(run.command.status == 0);
  REQUIRE(!profile.memory.empty());
  for (const MemoryMoment& moment : profile.memory) CHECK(sum(moment) == moment.rss_bytes);
  const MemoryMoment& last = profile.memory.back();
  CHECK(last.direct_bytes == 96 * kMiB);
  CHECK(last.mapped_bytes == 96 * kMiB);
  CHECK(last.live_bytes == 8 * kMiB);
  // 16 MiB of blocks with 16 bytes each, the first page of the heap, and what is left of its end.
  CHECK(last.allocator_held >= 16 * kMiB);
  CHECK(last.allocator_held < 17 * kMiB);
  CHECK(last.allocator_free >= 8 * kMiB);
  CHECK(last.allocator_free < 9 * kMiB);
  const MemoryCoverage coverage = cover_memory(last, profile.totals.peak_bytes);
  CHECK(coverage.heap == 8 * kMiB);
  CHECK(coverage.allocator >= 8 * kMiB);
  CHECK(coverage.unexplained < kMiB);
  CHECK(last.stack_bytes > 0);
  CHECK(last.memprof_bytes > 0);
}

TEST_CASE("little heap in much memory is explained in a sentence, first thing in every report") {
  TemporaryDirectory directory;
  const std::string file = directory.file("arena.json");
  const CommandResult run = run_command({memprof_program(), "run", "-o", file, test_program("own_arena")});
  CHECK(run.status == 0);
  const std::string start = "96 MiB of the ";
  CHECK_THAT(run.err,
             Contains("degraded: " + start) && Contains("in no figure of the heap: the program maps it itself"));
  CHECK_THAT(run.err, Contains("resident   ") && Contains("direct mappings 96.0 MiB"));
  for (const char* command : {"info", "top", "lines", "leaks"}) {
    INFO(command);
    const CommandResult report = run_command({memprof_program(), command, file});
    CHECK_THAT(report.out, StartsWith("Capture degraded: " + start));
    const CommandResult json = run_command({memprof_program(), command, "--json", file});
    CHECK_THAT(json.out, Contains("\"capture_verdict\": \"degraded\""));
  }
  const CommandResult info = run_command({memprof_program(), "info", file});
  CHECK_THAT(info.out, Contains("  mapped      96.0 MiB of the 96.0 MiB that the program maps itself"));
  const CommandResult exported = run_command({memprof_program(), "export", "--format", "folded", file});
  CHECK_THAT(exported.err, StartsWith("memprof: Capture degraded: " + start));
}

TEST_CASE("a program that leaves in a signal handler in the middle of malloc, or after a fork, ends as ever") {
  for (int run = 0; run < 10; ++run) {
    CommandOptions options;
    options.timeout = std::chrono::seconds(20);
    CHECK(profiled({test_program("own_arena"), "handler"}, options).command.status == 0);
  }
  CHECK(profiled({test_program("own_arena"), "child"}).command.status == 0);
}

TEST_CASE("V8's heap is named as the reason where node has much of it") {
  if (!installed("/usr/bin/node")) return;
  const ProfiledRun run = profiled(
      {"/usr/bin/node", "-e",
       "const a = []; for (let i = 0; i < 3e6; ++i) a.push({x: i}); setTimeout(() => console.log(a.length), 600);"});
  CHECK_THAT(run.only().capture.unseen_memory, Contains("V8 (a runtime with a heap of its own)"));
  CHECK(run.only().mapped_totals.peak_bytes > 32 * kMiB);
}

TEST_CASE("the Java virtual machine's heap is named as the reason") {
  if (!installed("/usr/bin/java")) return;
  TemporaryDirectory directory;
  write_file(directory.file("Fill.java"),
             "public class Fill { public static void main(String[] a) { byte[][] b = new byte[80][];"
             " for (int i = 0; i < 80; i++) { b[i] = new byte[1 << 20]; java.util.Arrays.fill(b[i], (byte) 1); }"
             " System.out.println(b.length); } }");
  const ProfiledRun run = profiled({"/usr/bin/java", "-Xmx256m", directory.file("Fill.java")});
  if (run.command.status != 0) return;  // a runtime without its compiler
  CHECK_THAT(run.only().capture.unseen_memory, Contains("the Java virtual machine (a runtime with a heap of its own)"));
}

TEST_CASE("Python's arenas are named as the reason, and are none with PYTHONMALLOC=malloc") {
  if (!installed("/usr/bin/python3")) return;
  const Arguments program{"/usr/bin/python3", "-c", "a = [str(i) * 3 for i in range(1200000)]"};
  CHECK_THAT(profiled(program).only().capture.unseen_memory, Contains("Python's allocator for small objects"));
  CommandOptions options;
  options.environment = {{"PYTHONMALLOC", "malloc"}};
  CHECK(profiled(program, options).only().capture.unseen_memory.empty());
}

}  // namespace
}  // namespace memprof::test
