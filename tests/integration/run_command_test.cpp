// `memprof run` as a shell sees it: exit statuses, streams, signals, what the program finds around it, and refusals
// before anything starts.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <sstream>
#include <thread>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;
using namespace std::chrono_literals;

Arguments memprof_run(const TemporaryDirectory& directory, Arguments rest) {
  Arguments all{memprof_program(), "run", "-o", directory.file("profile.json")};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

Arguments shell(const std::string& script) { return {"sh", "-c", script}; }

void wait_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  REQUIRE(condition());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Profile profile_in(const TemporaryDirectory& directory) {
  auto profile = read_profile(directory.file("profile.json"));
  if (!profile) FAIL(profile.error().what);
  return std::move(*profile);
}

TEST_CASE("the exit status is the program's") {
  TemporaryDirectory directory;
  for (const auto& [script, status] : std::vector<std::pair<std::string, int>>{{"exit 0", 0},
                                                                               {"exit 1", 1},
                                                                               {"exit 126", 126},
                                                                               {"exit 255", 255},
                                                                               {"kill -KILL $$", 137},
                                                                               {"kill -SEGV $$", 139},
                                                                               {"kill -TERM $$", 143}}) {
    INFO(script);
    CHECK(run_command(memprof_run(directory, shell(script))).status == status);
  }
}

TEST_CASE("standard streams are the program's, and memprof's lines are marked") {
  TemporaryDirectory directory;
  CommandOptions options;
  options.input = "from outside\n";
  const auto run = run_command(memprof_run(directory, shell("cat; echo to stderr >&2")), options);
  CHECK(run.out == "from outside\n");
  const auto lines = lines_of(run.err);
  REQUIRE(lines.size() > 4);
  CHECK(lines[0] == "to stderr");
  for (std::size_t i = 1; i < lines.size(); ++i) CHECK_THAT(lines[i], Catch::StartsWith("memprof: "));
}

TEST_CASE("the summary names the totals, the profile and the next command") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run(directory, {example("memory_heavy")}));
  CHECK_THAT(run.err, Contains("memory_heavy ended after "));
  CHECK_THAT(run.err, Contains("allocated  15.3 MiB in 3 blocks"));
  CHECK_THAT(run.err, Contains("peak       15.3 MiB in 2 blocks"));
  CHECK_THAT(run.err, Contains("unfreed    nothing"));
  CHECK_THAT(run.err, Contains("capture    complete"));
  CHECK_THAT(run.err, Contains("50.0 %  memory_heavy.cpp:"));
  CHECK_THAT(run.err, Contains("next: memprof lines " + directory.file("profile.json")));
}

TEST_CASE("a program without debug information is not sent to its source lines") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run(directory, {"perl", "-e", "1"}));
  CHECK_THAT(run.err, Contains("next: memprof top " + directory.file("profile.json")));
}

TEST_CASE("option --quiet silences all but errors") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run(directory, {"--quiet", "sh", "-c", "sleep 0.3; exit 5"}));
  CHECK(run.status == 5);
  CHECK(run.err.empty());
  CHECK(run.out.empty());
  const auto failed = run_command({memprof_program(), "run", "--quiet", "no-such-program"});
  CHECK_THAT(failed.err, Contains("no-such-program"));
}

TEST_CASE("the program finds its descriptors, directory and signals as they would be without memprof") {
  TemporaryDirectory directory;
  const std::string look =
      "ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/; s,/proc/[0-9]*,/proc/N,; s/[0-9]*]$//' | grep -v "
      "'^total'; "
      "pwd; umask; ulimit -a; grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; "
      "read -r _ _ _ _ group session _ < /proc/self/stat; read -r _ _ _ _ group2 session2 _ < /proc/$PPID/stat; "
      "test $session = $session2 && echo same session; env | grep -vE '^(LD_PRELOAD|MEMPROF_SOCKET|_|SHLVL)=' | sort | "
      "cksum; echo \"$ODD_VARIABLE\"";
  CommandOptions options;
  options.directory = directory.path();
  options.environment = {{"ODD_VARIABLE", "two\nlines"}};
  // A shell that ignores two signals, blocks none, has a low limit and a descriptor of its own open.
  const std::string around = "trap '' HUP USR1; ulimit -Sn 77; exec 7</dev/null; exec \"$@\"";
  const auto plain = run_command({"sh", "-c", around, "sh", "sh", "-c", look}, options);
  const auto profiled =
      run_command({"sh", "-c", around, "sh", memprof_program(), "run", "-q", "sh", "-c", look}, options);
  REQUIRE(plain.status == 0);
  CHECK_THAT(plain.out, Contains("7 -> /dev/null"));
  CHECK(profiled.out == plain.out);
}

TEST_CASE("libraries that were preloaded stay so") {
  TemporaryDirectory directory;
  CommandOptions options;
  const std::string other = MEMPROF_TEST_PROGRAMS "/libbump_malloc.so";
  REQUIRE(std::filesystem::exists(other));
  options.environment = {{"LD_PRELOAD", other}};
  const auto run = run_command(memprof_run(directory, shell("echo $LD_PRELOAD")), options);
  CHECK_THAT(run.out, Catch::EndsWith("libmemprof.so:" + other + "\n"));
}

TEST_CASE("closed standard streams stay closed and harm nobody") {
  TemporaryDirectory directory;
  const std::string script = memprof_program() + " run -q -o " + directory.file("profile.json") +
                             " sh -c 'ls /proc/self/fd | wc -w > " + directory.file("count") + "' <&- >&- 2>&-";
  CHECK(run_command({"sh", "-c", script}).status == 0);
  // `ls` has its own descriptor of the directory and the pipe; without memprof it is the same.
  run_command({"sh", "-c", "sh -c 'ls /proc/self/fd | wc -w > " + directory.file("plain") + "' <&- >&- 2>&-"});
  CHECK(read_file(directory.file("count")) == read_file(directory.file("plain")));
}

TEST_CASE("a reader of stderr that goes away changes nothing") {
  TemporaryDirectory directory;
  const auto run = run_command(
      {"bash", "-c",
       memprof_program() + " run -o " + directory.file("profile.json") + " sh -c 'exit 9' 2> >(:); echo $?"});
  CHECK(run.out == "9\n");
  profile_in(directory);
}

TEST_CASE("SIGTERM, SIGHUP, SIGINT and SIGUSR1 to memprof reach the program") {
  TemporaryDirectory directory;
  const auto [name, number] = GENERATE(table<std::string, int>(
      {{"TERM", SIGTERM}, {"HUP", SIGHUP}, {"INT", SIGINT}, {"USR1", SIGUSR1}, {"QUIT", SIGQUIT}}));
  INFO(name);
  const std::string ready = directory.file("ready");
  SECTION("and are handled there") {
    RunningCommand command(memprof_run(directory, shell("trap 'echo got it; exit 3' " + name + "; touch " + ready +
                                                        "; while :; do sleep 0.05; done")));
    wait_until([&] { return std::filesystem::exists(ready); });
    command.send(number);
    const auto result = command.wait();
    CHECK(result.status == 3);
    CHECK(result.out == "got it\n");
  }
  SECTION("or end it") {
    RunningCommand command(memprof_run(directory, {"sleep", "30"}));
    // The shell would mind the signal only after its child: so the program is sleep itself, and this is how it shows.
    wait_until([&] {
      std::this_thread::sleep_for(300ms);
      return true;
    });
    command.send(number);
    CHECK(command.wait().status == 128 + number);
    const Profile profile = profile_in(directory);
    CHECK(profile.process.end_kind == EndKind::kSignalled);
    CHECK(profile.process.end_value == number);
  }
}

TEST_CASE("SIGTERM ends the wait for what the program left behind") {
  TemporaryDirectory directory;
  const std::string ready = directory.file("ready");
  RunningCommand command(memprof_run(directory, shell("sleep 20 & touch " + ready + "; exit 4")));
  wait_until([&] { return std::filesystem::exists(ready); });
  std::this_thread::sleep_for(1500ms);
  command.send(SIGTERM);
  const auto result = command.wait();
  CHECK(result.status == 4);
  CHECK_THAT(result.err, Contains("waiting for a process that it left running: sleep (pid "));
}

TEST_CASE("memprof waits for a daemon that allocates late") {
  TemporaryDirectory directory;
  // The shell's child says nothing for a while, then becomes a program of its own.
  const auto run = run_command(
      memprof_run(directory, shell("(sleep 0.7; exec " + test_program("known_peak") + " >/dev/null) & exit 2")));
  CHECK(run.status == 2);
  const auto profiles = read_profiles(directory.path());
  CHECK(std::any_of(profiles.begin(), profiles.end(),
                    [](const Profile& profile) { return profile.process.program == "known_peak"; }));
}

TEST_CASE("option --follow none leaves out what the program starts") {
  TemporaryDirectory directory;
  const auto run = run_command(
      memprof_run(directory, {"--follow", "none", "sh", "-c", test_program("known_peak") + " >/dev/null; exit 2"}));
  CHECK(run.status == 2);
  const auto profiles = read_profiles(directory.path());
  REQUIRE(profiles.size() == 1);
  CHECK(profiles[0].process.program == "sh");
}

TEST_CASE("option --depth limits the stacks, 0 records none") {
  TemporaryDirectory directory;
  run_command(memprof_run(directory, {"--depth", "0", example("memory_heavy")}));
  Profile profile = profile_in(directory);
  CHECK(profile.capture.max_depth == 0);
  CHECK(profile.stacks.size() == kRootCount);
  CHECK(profile.totals.peak_bytes == 16'000'000);
  run_command(memprof_run(directory, {"--depth", "1", example("memory_heavy")}));
  profile = profile_in(directory);
  CHECK(profile.capture.max_depth == 1);
  CHECK(profile.capture.truncated_stacks > 0);
}

TEST_CASE("run --drop never lets the program wait, and owns up to what it dropped") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run(directory, {"--drop", "--depth", "0", test_program("fork_threads")}));
  CHECK(run.status == 0);
  for (const Profile& profile : read_profiles(directory.path())) {
    CHECK(profile.capture.ring_waits == 0);
    CHECK(profile.capture.complete == (profile.capture.dropped_events == 0));
  }
}

TEST_CASE("an exec chain is one program with several images, and the last one is the main one") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run(directory, shell("exec " + test_program("known_peak"))));
  CHECK(run.status == 0);
  const Profile profile = profile_in(directory);
  CHECK(profile.process.program == "known_peak");
  CHECK_THAT(run.err, Contains("memprof: known_peak ended after"));
}

TEST_CASE("a process that becomes a static program is not passed off as profiled") {
  TemporaryDirectory directory;
  const std::string program = MEMPROF_TEST_TARGETS "/static";
  REQUIRE(std::filesystem::exists(program));
  const auto run = run_command(memprof_run(directory, shell("exec " + program)));
  CHECK(run.status == 0);
  CHECK_THAT(run.err, Contains("not recorded: static is a static program"));
}

TEST_CASE("the session's directory is gone afterwards") {
  TemporaryDirectory directory;
  CommandOptions options;
  options.environment = {{"XDG_RUNTIME_DIR", directory.path()}};
  CHECK(
      run_command({memprof_program(), "run", "-q", "-o", "/dev/../" + directory.file("profile.json"), "true"}, options)
          .status == 0);
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
    left.push_back(entry.path().filename());
  CHECK(left == std::vector<std::string>{"profile.json"});
}

TEST_CASE("what cannot be profiled is refused before anything starts") {
  TemporaryDirectory directory;
  CommandOptions options;
  options.directory = directory.path();
  write_file(directory.file("script"), "#!/no/such/interpreter\n");
  std::filesystem::permissions(directory.file("script"), std::filesystem::perms::owner_all);
  for (const auto& [program, status, reason] : std::vector<std::tuple<std::string, int, std::string>>{
           {"no-such-program", 127, "no such program"},
           {"./no-such-program", 127, "no such file"},
           {"./script", 127, "/no/such/interpreter"},
           {"./", 126, "directory"},
           {"/etc/passwd", 126, "not executable"},
           {MEMPROF_TEST_TARGETS "/static", 126, "static"},
           {MEMPROF_TEST_TARGETS "/sanitizer_symbol", 126, "MemorySanitizer"}}) {
    INFO(program);
    const auto run = run_command({memprof_program(), "run", program}, options);
    CHECK(run.status == status);
    CHECK_THAT(run.err, Catch::StartsWith("memprof: error: ") && Contains(reason) && Contains("memprof: hint: "));
    CHECK(run.out.empty());
  }
  CHECK(read_profiles(directory.path()).empty());
}

TEST_CASE("wrong arguments are usage errors") {
  for (const Arguments& arguments : std::vector<Arguments>{
           {}, {"--depth", "many", "true"}, {"--follow", "some", "true"}, {"--quite", "true"}, {"-o"}, {"--"}}) {
    Arguments all{memprof_program(), "run"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    INFO(shown(all));
    const auto run = run_command(all);
    CHECK(run.status == 2);
    CHECK_THAT(run.err, Catch::StartsWith("memprof: error: "));
  }
}

TEST_CASE("option --debuginfod without a server to ask says so at once") {
  CommandOptions options;
  const auto run =
      run_command({"env", "-u", "DEBUGINFOD_URLS", memprof_program(), "run", "--debuginfod", "true"}, options);
  CHECK(run.status == 2);
  CHECK_THAT(run.err, Contains("DEBUGINFOD_URLS"));
}

}  // namespace
}  // namespace memprof::test
