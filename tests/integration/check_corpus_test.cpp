// The gate on small programs of the kinds that leak checkers are tested with (tests/programs/gate).

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;

CommandResult check(const std::string& program, const Arguments& options = {}) {
  Arguments arguments{memprof_program(), "check", "--no-config"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", test_program("gate_" + program)});
  return run_command(arguments);
}

struct Leaky {
  const char* program;
  int blocks, bytes;
};

TEST_CASE("every leaky program fails, with exactly the blocks that it loses") {
  const Leaky leaky = GENERATE(
      Leaky{"lost_in_loop", 9, 144}, Leaky{"lost_in_thread", 4, 96}, Leaky{"overwritten_global", 1, 100},
      Leaky{"exception_path", 3, 96}, Leaky{"raw_pointer_container", 5, 80}, Leaky{"realloc_overwritten", 1, 5000},
      Leaky{"getline_lost", 3, 360}, Leaky{"strdup_lost", 1, 25}, Leaky{"cyclic_shared_ptr", 2, 64},
      Leaky{"early_return", 1, 64}, Leaky{"lost_list_tail", 7, 112}, Leaky{"assignment_overwrites", 1, 6},
      Leaky{"asprintf_lost", 1, 9}, Leaky{"lost_in_child", 1, 64}, Leaky{"lost_thread_local", 3, 384});
  INFO(leaky.program);
  const CommandResult result = check(leaky.program);
  INFO(result.out << result.err);
  CHECK(result.status == 1);
  const std::string blocks = std::to_string(leaky.blocks);
  CHECK_THAT(result.out, Catch::StartsWith("fail: unfreed blocks: " + blocks + ", none allowed\n"));
  const std::string limit = std::to_string(leaky.bytes);
  CHECK(check(leaky.program, {"--max-unfreed-bytes", limit}).status == 0);
  CHECK(check(leaky.program, {"--max-unfreed-bytes", std::to_string(leaky.bytes - 1)}).status == 1);
}

TEST_CASE("every clean program passes") {
  const char* program = GENERATE("clean_cache", "clean_singleton", "clean_thread_locals", "clean_atexit", "clean_pool",
                                 "clean_graph", "clean_exceptions", "clean_realloc", "clean_streams", "clean_iostreams",
                                 "clean_threads", "clean_libc", "clean_fork");
  INFO(program);
  const CommandResult result = check(program);
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  CHECK_THAT(result.out, Contains("pass: 1 rule kept, nothing unfreed"));
}

TEST_CASE("what is unfreed but reachable fails, as the documentation says") {
  const std::string documentation = read_file(source_directory() + "/docs/gate.md");
  for (const char* program : {"reachable_cache", "reachable_singleton"}) {
    INFO(program);
    CHECK(check(program).status == 1);
    CHECK_THAT(documentation, Contains(program));
  }
}

}  // namespace
}  // namespace memprof::test
