// Snapshots of running programs, and what programs ask for themselves.

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using namespace std::chrono_literals;

Profile profile_at(const std::string& path) {
  auto profile = read_profile(path);
  if (!profile) FAIL(profile.error().what);
  return std::move(*profile);
}

/// tests/programs/holds_blocks.c under `memprof run`, with a runtime directory of its own.
class HeldBlocks {
 public:
  explicit HeldBlocks(long count, const Arguments& options = {}) : run_(arguments(count, options), here()) {
    wait_for("ready");
  }

  CommandResult memprof(Arguments arguments) {
    arguments.insert(arguments.begin(), memprof_program());
    return run_command(arguments, here());
  }
  void grow() {
    write_file(file("more"), "");
    wait_for("grown");
  }
  CommandResult end() {
    write_file(file("more"), "");
    write_file(file("end"), "");
    return run_.wait();
  }
  void wait_for(const std::string& name) {
    for (int i = 0; i < 3000 && !fs::exists(file(name)); ++i) std::this_thread::sleep_for(10ms);
    REQUIRE(fs::exists(file(name)));
  }
  std::string file(const std::string& name) const { return directory_.file(name); }
  RunningCommand& run() { return run_; }
  /// Of the profiled program. Others of this user may be listed as well.
  std::string pid() {
    const std::string listed = memprof({"ps"}).out;
    const std::size_t at = listed.find("holds_blocks");
    REQUIRE(at != std::string::npos);
    const std::size_t row = listed.rfind('\n', at) + 1;
    const std::size_t begin = listed.find_first_not_of(' ', row);
    return listed.substr(begin, listed.find(' ', begin) - begin);
  }
  std::size_t files_like(const std::string& part) const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      if (entry.path().filename().string().find(part) != std::string::npos) ++count;
    }
    return count;
  }

 private:
  CommandOptions here() const {
    CommandOptions options;
    options.directory = directory_.path().string();
    options.environment = {{"XDG_RUNTIME_DIR", directory_.path().string()}};
    return options;
  }
  Arguments arguments(long count, const Arguments& options) const {
    Arguments all{memprof_program(), "run", "-o", directory_.file("whole.json")};
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), {test_program("holds_blocks"), std::to_string(count), directory_.path().string()});
    return all;
  }

  TemporaryDirectory directory_;
  RunningCommand run_;
};

TEST_CASE("a snapshot is the profile of a moment, and two of them compare") {
  HeldBlocks program(1000);
  const auto first = program.memprof({"snapshot", "holds_blocks", "-o", "first.json", "--name", "before it grew"});
  INFO(first.err);
  REQUIRE(first.status == 0);
  CHECK(first.out == "first.json\n");
  CHECK_THAT(first.err, Contains("live in 1,00"));
  program.grow();
  REQUIRE(program.memprof({"snapshot", program.pid()}).status == 0);
  const auto ended = program.end();
  CHECK(ended.status == 0);

  const Profile before = profile_at(program.file("first.json"));
  CHECK(figure_of_function(before, "live_blocks", "keep_blocks") == 1000);
  CHECK(figure_of_function(before, "live_bytes", "keep_blocks") == 32'000);
  CHECK(before.process.end_kind == EndKind::kStillRunning);
  CHECK(before.snapshot.kind == SnapshotKind::kCommand);
  CHECK(before.snapshot.name == "before it grew");
  CHECK(before.snapshot.time_s > 0);
  CHECK(before.capture.complete);
  check_quality(before);

  REQUIRE(program.files_like(".snapshot-2.json") == 1);
  const Profile whole = profile_at(program.file("whole.json"));
  CHECK(whole.snapshot.kind == SnapshotKind::kNone);
  REQUIRE(whole.snapshots.size() == 2);
  CHECK(whole.text(whole.snapshots[0].name) == "before it grew");
  CHECK(whole.text(whole.snapshots[1].name) == "snapshot-2");
  CHECK(whole.snapshots[1].live_blocks - whole.snapshots[0].live_blocks <= 1001);

  std::string second;
  for (const auto& entry : fs::directory_iterator(fs::path(program.file("first.json")).parent_path())) {
    if (entry.path().string().find(".snapshot-2.json") != std::string::npos) second = entry.path().string();
  }
  const Profile after = profile_at(second);
  CHECK(figure_of_function(after, "live_blocks", "keep_blocks") == 2000);
  const auto diff = program.memprof({"diff", "first.json", second});
  CHECK(diff.status == 0);
  CHECK_THAT(diff.out, Contains("holds_blocks.c") && Contains("Not freed so far by line"));
  CHECK_THAT(program.memprof({"info", "first.json"}).out,
             Contains("before it grew, after ") && Contains("taken by memprof snapshot"));
  CHECK_THAT(program.memprof({"leaks", "first.json"}).out, Contains("Not freed so far"));
}

TEST_CASE("ps lists who is being profiled, in 80 columns, and nobody afterwards") {
  HeldBlocks program(10);
  const auto listed = program.memprof({"ps"});
  CHECK_THAT(listed.out, Contains("PID") && Contains("SINCE") && Contains("holds_blocks 10 "));
  CHECK_THAT(program.memprof({"ps", "--json"}).out, Contains("\"program\": \"holds_blocks\""));
  CHECK(program.end().status == 0);
  CHECK_THAT(program.memprof({"ps"}).out, !Contains("holds_blocks"));
}

TEST_CASE("the socket of a memprof that was killed is gone after the next look") {
  HeldBlocks program(10);
  program.run().send(SIGKILL);
  CHECK(program.run().wait().status == 128 + SIGKILL);
  CHECK_FALSE(fs::is_empty(program.file("memprof")));
  CHECK_THAT(program.memprof({"ps"}).out, !Contains("holds_blocks"));
  CHECK(fs::is_empty(program.file("memprof")));
}

TEST_CASE("a memprof that is stopped keeps nobody waiting") {
  HeldBlocks program(10);
  program.run().send(SIGSTOP);
  const auto listed = program.memprof({"ps"});
  CHECK(listed.status == 0);
  CHECK_THAT(listed.err, Contains("does not answer"));
  const auto refused = program.memprof({"snapshot", "holds_blocks"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("does not answer"));
  program.run().send(SIGCONT);
  CHECK(program.end().status == 0);
}

TEST_CASE("what cannot be snapshotted is said in a sentence, with status 2, and nothing is overwritten") {
  HeldBlocks program(10);
  const auto refused = [&](const Arguments& arguments) {
    Arguments all{"snapshot"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const CommandResult result = program.memprof(all);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    return result.err;
  };
  CHECK_THAT(refused({"1"}),
             Contains("process 1 is not being profiled") && Contains("these are: ") && Contains("holds_blocks (pid "));
  CHECK_THAT(refused({"nobody"}), Contains("nobody is not being profiled"));
  CHECK_THAT(refused({"holds_blocks", "--name", "../x"}), Contains("it holds a slash"));
  CHECK_THAT(refused({"holds_blocks", "--name", "a\x1b[2J"}), Contains("it holds a control character"));
  CHECK_THAT(refused({"holds_blocks", "--name", ""}), Contains("it is empty"));
  CHECK_THAT(refused({"holds_blocks", "-o", "no/such/folder.json"}),
             Contains("cannot be written: No such file or directory"));
  CHECK_THAT(refused({"holds_blocks", "-o", "."}), Contains("it is a directory"));
  write_file(program.file("there.json"), "somebody's");
  CHECK_THAT(refused({"holds_blocks", "-o", "there.json"}), Contains("is there already") && Contains("--force"));
  CHECK(read_file(program.file("there.json")) == "somebody's");
  CHECK(program.memprof({"snapshot", "holds_blocks", "-o", "there.json", "--force"}).status == 0);
  CHECK(profile_at(program.file("there.json")).snapshot.kind == SnapshotKind::kCommand);

  // A default name is memprof's own.
  REQUIRE(program.memprof({"snapshot", "holds_blocks", "--name", "mine"}).status == 0);
  CHECK(program.files_like(".mine.") == 1);
  CHECK(program.end().status == 0);
}

TEST_CASE("a snapshot that does not fit is said to be too large, and leaves nothing") {
  HeldBlocks program(10);
  REQUIRE(run_command({"prlimit", "--pid", std::to_string(program.run().pid()), "--fsize=4096:4096"}).status == 0);
  write_file(program.file("there.json"), "somebody's");
  const auto refused = program.memprof({"snapshot", "holds_blocks", "-o", "there.json", "--force"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("there.json cannot be written: File too large"));
  CHECK(read_file(program.file("there.json")) == "somebody's");
  CHECK(program.files_like(".memprof-") == 0);
  program.run().send(SIGKILL);  // with that limit it could not end well
}

TEST_CASE("snapshots are taken at an interval") {
  HeldBlocks program(10, {"--snapshot-every", "50ms"});
  program.wait_for("whole.snapshot-2.json");
  const auto ended = program.end();
  CHECK(ended.status == 0);
  CHECK_THAT(ended.err, Contains("snapshots: ") && Contains("whole.snapshot-1.json"));
  CHECK(profile_at(program.file("whole.snapshot-2.json")).snapshot.kind == SnapshotKind::kInterval);
}

TEST_CASE("an interval of nothing is refused") {
  for (const char* interval : {"0", "0s", "-1", "soon"}) {
    const auto refused = run_command({memprof_program(), "run", "--snapshot-every", interval, "true"});
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Contains("is not a time above 0"));
  }
}

TEST_CASE("a signal to memprof takes a snapshot, and does not reach the program") {
  HeldBlocks program(10, {"--snapshot-on", "SIGUSR2"});
  program.run().send(SIGUSR2);
  program.wait_for("whole.snapshot-1.json");
  CHECK(program.end().status == 0);  // SIGUSR2 would have killed it
  CHECK(profile_at(program.file("whole.snapshot-1.json")).snapshot.kind == SnapshotKind::kSignal);
}

TEST_CASE("the snapshot of the peak has what was live then, and nothing that came later") {
  TemporaryDirectory directory;
  const auto run = run_command(
      {memprof_program(), "run", "--snapshot-at-peak", "-o", directory.file("p.json"), test_program("known_peak")});
  CHECK(run.status == 0);
  const Profile whole = profile_at(directory.file("p.json")), peak = profile_at(directory.file("p.peak.json"));
  CHECK(peak.snapshot.kind == SnapshotKind::kPeak);
  CHECK(peak.totals.live_bytes == whole.totals.peak_bytes);
  CHECK(peak.totals.live_blocks == whole.totals.peak_blocks);
  CHECK(peak.totals.peak_bytes == whole.totals.peak_bytes);
  CHECK(peak.totals.allocations < whole.totals.allocations);
  CHECK(peak.snapshot.time_s == Approx(whole.totals.peak_time_s).epsilon(0.01));
  std::uint64_t live = 0;
  for (const Site& site : peak.sites) live += site.live_bytes;
  CHECK(live == peak.totals.live_bytes);
}

TEST_CASE("a million live blocks are in a snapshot, while the program goes on") {
  HeldBlocks program(1'000'000);
  REQUIRE(program.memprof({"snapshot", "holds_blocks", "-o", "million.json"}).status == 0);
  CHECK(figure_of_function(profile_at(program.file("million.json")), "live_blocks", "keep_blocks") == 1'000'000);
  CHECK(program.end().status == 0);
}

TEST_CASE("a program gets exact answers about itself, and its scopes and snapshots are in the profile") {
  TemporaryDirectory directory;
  CHECK(run_command({test_program("asks"), "unprofiled"}).status == 0);
  const auto run = run_command({memprof_program(), "run", "-q", "-o", directory.file("p.json"), test_program("asks")});
  INFO(run.err);
  REQUIRE(run.status == 0);
  const Profile profile = profile_at(directory.file("p.json"));
  check_quality(profile);
  REQUIRE(profile.scopes.size() == 3);
  const auto named = [&](std::size_t i) { return profile.text(profile.scopes[i].name); };
  CHECK(named(0) == "outer");
  CHECK(profile.scopes[0].calls == 1);
  CHECK(profile.scopes[0].allocations == 4);
  CHECK(profile.scopes[0].allocated_bytes == 2500);
  CHECK(profile.scopes[0].freed_bytes == 1500);
  CHECK(profile.scopes[0].peak_bytes == 1500);
  CHECK(named(1) == "inner");
  CHECK(profile.scopes[1].parent == 0);
  CHECK(profile.scopes[1].calls == 3);
  CHECK(profile.scopes[1].peak_bytes == 500);
  CHECK(named(2) == "left open");
  CHECK(profile.scopes[2].unended_calls == 1);
  CHECK(profile.scope_calls.size() == 5);
  REQUIRE(profile.snapshots.size() == 1);

  const char* const kAllocateHere = "(anonymous namespace)::allocate_here(unsigned long)";
  const Profile snapshot = profile_at(directory.file("p.with-a-block.json"));
  CHECK(snapshot.snapshot.kind == SnapshotKind::kProgram);
  CHECK(snapshot.snapshot.name == "with a block");
  CHECK(figure_of_function(snapshot, "live_bytes", kAllocateHere) == 1000);
  CHECK(figure_of_function(profile, "live_bytes", kAllocateHere) == 0);

  const auto scopes = run_command({memprof_program(), "scopes", directory.file("p.json")});
  CHECK(scopes.status == 0);
  CHECK_THAT(scopes.out, Contains("outer") && Contains("  inner") && Contains("left open  (1 not ended)"));
}

}  // namespace
}  // namespace memprof::test
