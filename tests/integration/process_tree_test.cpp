// Trees of processes: all are met, whatever environment they are given and however they come to be; the index and the
// summary tell the same of them as their profiles.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "profile/process_tree_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;

struct TreeRun {
  CommandResult command;
  std::vector<Profile> profiles;
  ProcessTree tree;
};

/// Runs `memprof run RUN_OPTIONS -o all.json -- ARGUMENTS` in the directory and reads what it wrote.
TreeRun run_tree(const TemporaryDirectory& directory, const Arguments& arguments, const Arguments& run_options = {},
                 CommandOptions options = {}) {
  Arguments whole{memprof_program(), "run", "-o", directory.file("all.json")};
  whole.insert(whole.end(), run_options.begin(), run_options.end());
  whole.push_back("--");
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  options.directory = directory.path();
  TreeRun run{run_command(whole, options), read_profiles(directory.path()), {}};
  UNSCOPED_INFO(run.command.err);
  auto tree = read_process_tree(directory.file("all.tree.json"));
  if (tree) run.tree = std::move(*tree);
  return run;
}

std::vector<const TreeProcess*> rows_of(const ProcessTree& tree, const std::string& program) {
  std::vector<const TreeProcess*> rows;
  for (const TreeProcess& entry : tree.processes) {
    if (entry.process.program == program) rows.push_back(&entry);
  }
  return rows;
}

/// Every profile has its row, and the row says what the profile says.
void check_index(const TreeRun& run) {
  std::size_t named = 0;
  for (const TreeProcess& entry : run.tree.processes) {
    if (entry.profile.empty()) continue;
    ++named;
    const auto profile = std::find_if(run.profiles.begin(), run.profiles.end(), [&](const Profile& candidate) {
      return candidate.process.pid == entry.process.pid &&
             candidate.process.start_unix_ms == entry.process.start_unix_ms &&
             candidate.totals.allocations == entry.allocations;
    });
    REQUIRE(profile != run.profiles.end());
    CHECK(profile->totals.peak_bytes == entry.peak_bytes);
    CHECK(profile->totals.live_bytes == entry.live_bytes);
    CHECK(profile->process.end_kind == entry.process.end_kind);
    CHECK(entry.tree_peak_bytes <= entry.peak_bytes);
  }
  CHECK(named == run.profiles.size());
  std::uint64_t shares = 0, highest = 0, peaks = 0;
  for (const TreeProcess& entry : run.tree.processes) {
    shares += entry.tree_peak_bytes;
    highest = std::max(highest, entry.peak_bytes);
    peaks += entry.peak_bytes;
  }
  CHECK(shares == run.tree.peak_bytes);
  CHECK(run.tree.peak_bytes >= highest);
  CHECK(run.tree.peak_bytes <= peaks);
  CHECK(run.tree.least_peak_bytes >= highest);
  CHECK(run.tree.peak_exact);
}

void write_executable(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
}

TEST_CASE("a program is recorded whichever function starts it, with an environment of its own") {
  const std::string way = GENERATE("execve", "execve of nothing", "execle", "execvpe", "fexecve", "fexecve of O_PATH",
                                   "execveat", "execv", "execl", "execvp", "execlp", "posix_spawn",
                                   "posix_spawn of nothing", "posix_spawnp", "vfork", "many variables");
  INFO(way);
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("exec_ways"), way});
  CHECK(run.command.status == 7);
  const Expectation expected = expectations(run.command.out).at(0);
  const auto profile = std::find_if(run.profiles.begin(), run.profiles.end(),
                                    [](const Profile& candidate) { return candidate.totals.allocations >= 1500; });
  REQUIRE(profile != run.profiles.end());
  CHECK(profile->process.pid == expected.pid);
  check_quality(*profile);
  CHECK(figure_of_function(*profile, "allocations", "outcome") == 1500);
  check_index(run);
}

TEST_CASE("a program that clears the environment sees what it would see without memprof, but for memprof's variables") {
  TemporaryDirectory directory;
  const CommandResult native = run_command({"env", "-i", "A=1", "/usr/bin/env"});
  const TreeRun run = run_tree(directory, {"env", "-i", "A=1", "/usr/bin/env"});
  std::string left;
  std::istringstream lines(run.command.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("LD_PRELOAD=") && !line.starts_with("MEMPROF_")) left += line + '\n';
  }
  CHECK(left == native.out);
  CHECK(run.command.out.find("LD_PRELOAD=") != std::string::npos);
}

TEST_CASE("with --follow none children run without the library, the program itself stays recorded over exec") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {"sh", "-c", "env; env -i /usr/bin/env; exec ls /"}, {"--follow", "none"});
  CHECK(run.command.out.find("MEMPROF_SOCKET") == std::string::npos);
  CHECK(run.command.out.find("LD_PRELOAD") == std::string::npos);
  CHECK(rows_of(run.tree, "env").empty());
  CHECK(rows_of(run.tree, "ls").size() == 1);
  check_index(run);
}

TEST_CASE("option --only records programs by name, whoever starts them") {
  TemporaryDirectory directory;
  const std::string script = "ls / >/dev/null; env -i sh -c 'ls /; cat /dev/null' >/dev/null; cat /dev/null";
  SECTION("by a name") {
    const TreeRun run = run_tree(directory, {"sh", "-c", script}, {"--only", "ls"});
    CHECK(run.command.status == 0);
    CHECK(run.profiles.size() == 2);
    for (const Profile& profile : run.profiles) CHECK(profile.process.program == "ls");
    const auto others = rows_of(run.tree, "sh");
    REQUIRE(others.size() >= 2);
    for (const TreeProcess* other : others) {
      CHECK_FALSE(other->recorded);
      CHECK(other->profile.empty());
    }
    CHECK_THAT(run.command.err, Contains("itself was not recorded: its name matches no --only"));
    CHECK_THAT(run.command.err, !Contains("error"));
    check_index(run);
  }
  SECTION("by patterns, several of them") {
    const TreeRun run = run_tree(directory, {"sh", "-c", script}, {"--only", "l?", "--only", "*/bin/c*t"});
    std::set<std::string> programs;
    for (const TreeProcess& entry : run.tree.processes) {
      if (entry.recorded) programs.insert(entry.process.program);
    }
    CHECK(programs == std::set<std::string>{"ls", "cat"});
  }
  SECTION("a pattern that cannot be passed on") {
    const CommandResult run = run_command({memprof_program(), "run", "--only", "a:b", "true"});
    CHECK(run.status == 2);
    CHECK_THAT(run.err, Contains("--only: 'a:b' has a colon in it"));
  }
}

TEST_CASE("the peak of all processes is that of one moment") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("process_forest"), "together"});
  CHECK(run.command.status == 0);
  REQUIRE(run.tree.processes.size() == 2);
  CHECK(run.tree.peak_bytes == 5'000'000);
  CHECK(run.tree.least_peak_bytes == 5'000'000);
  CHECK(run.tree.processes[0].peak_bytes == 4'000'000);
  CHECK(run.tree.processes[0].tree_peak_bytes == 3'000'000);
  CHECK(run.tree.processes[1].tree_peak_bytes == 2'000'000);
  CHECK_THAT(run.command.err, Contains("2 processes, peak of all together 4883 KiB"));
  check_index(run);
}

TEST_CASE("a program that cannot be executed leaves the one that tried as it was, and recorded") {
  TemporaryDirectory directory;
  // 64 bits, x86-64 or aarch64 as the tests are, a program header table of a size that the kernel does not take.
  std::string header = read_file("/proc/self/exe").substr(0, 64);
  header[54] = 1;
  write_executable(directory.file("hollow"), header);
  const TreeRun run = run_tree(directory, {test_program("exec_ways"), "in vain", directory.file("hollow")});
  CHECK(run.command.status == 7);
  REQUIRE(run.profiles.size() == 1);
  CHECK(run.profiles[0].process.end_kind == EndKind::kExited);
  CHECK(run.profiles[0].process.end_value == 7);
  CHECK(figure_of_function(run.profiles[0], "allocations", "outcome") == 1500);
  // The child of the vain posix_spawn exists for a moment, in which it may be seen.
  for (std::size_t i = 1; i < run.tree.processes.size(); ++i) CHECK(run.tree.processes[i].profile.empty());
}

TEST_CASE("a server that forks 100 children, each with its own figures") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("process_forest"), "server"});
  CHECK(run.command.status == 0);
  const std::vector<Expectation> all = expectations(run.command.out);
  REQUIRE(all.size() == 100);
  CHECK(run.tree.processes.size() == 101);
  for (const Expectation& expected : all) {
    const auto row = std::find_if(run.tree.processes.begin(), run.tree.processes.end(),
                                  [&](const TreeProcess& entry) { return entry.process.pid == expected.pid; });
    REQUIRE(row != run.tree.processes.end());
    CHECK(row->allocations == expected.at("allocations"));
    CHECK(row->live_bytes == expected.at("live_bytes"));
    CHECK(row->parent == 0);
    CHECK(row->process.forked);
    CHECK(row->complete);
  }
  CHECK_THAT(run.command.err, Contains("101 processes"));
  check_index(run);
}

TEST_CASE("a daemon that has left its parents is waited for, and stands below the program that made it") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("process_forest"), "daemon"});
  CHECK(run.command.status == 0);
  const auto row = std::find_if(run.tree.processes.begin(), run.tree.processes.end(),
                                [](const TreeProcess& entry) { return entry.allocations == 2000; });
  REQUIRE(row != run.tree.processes.end());
  CHECK(row->parent == 0);
  CHECK(row->live_bytes == 20'000);
  check_index(run);
}

TEST_CASE("a child that becomes another user before its first allocation is recorded") {
  if (::geteuid() != 0) {
    WARN("not tested: only root can become another user");
    return;
  }
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("process_forest"), "user"});
  CHECK(run.command.status == 0);
  const auto row = std::find_if(run.tree.processes.begin(), run.tree.processes.end(),
                                [](const TreeProcess& entry) { return entry.allocations == 2000; });
  REQUIRE(row != run.tree.processes.end());
  CHECK(row->live_bytes == 40'000);
}

TEST_CASE("a program that is executed as another user is not recorded, and memprof says so") {
  if (::geteuid() != 0) {
    WARN("not tested: only root can become another user");
    return;
  }
  TemporaryDirectory directory;
  const std::string become = "setpriv --reuid 65534 --clear-groups /bin/true";
  const TreeRun run = run_tree(directory, {"sh", "-c", become + "; " + become + "; ls / >/dev/null"});
  CHECK(run.command.status == 0);
  CHECK_THAT(run.command.err, Contains("started a program as another user"));
  CHECK(rows_of(run.tree, "setpriv").size() == 2);
  CHECK(rows_of(run.tree, "ls").size() == 1);
}

/// A whole program of 32 bits (x86, static): writes each string of its environment, with its zero, and ends with 7.
std::string tiny_32_bit_program() {
  const unsigned char code[] = {
      0x89, 0xe6,                    // mov esi, esp
      0x8b, 0x0e,                    // mov ecx, [esi]         argc
      0x8d, 0x74, 0x8e, 0x08,        // lea esi, [esi+ecx*4+8] first variable
      0x8b, 0x0e,                    // next: mov ecx, [esi]
      0x85, 0xc9,                    // test ecx, ecx
      0x74, 0x20,                    // jz end
      0x31, 0xd2,                    // xor edx, edx
      0x80, 0x3c, 0x11, 0x00,        // length: cmp byte [ecx+edx], 0
      0x74, 0x03,                    // je write
      0x42,                          // inc edx
      0xeb, 0xf7,                    // jmp length
      0x42,                          // write: inc edx
      0xbb, 0x01, 0x00, 0x00, 0x00,  // mov ebx, 1
      0xb8, 0x04, 0x00, 0x00, 0x00,  // mov eax, 4             write
      0xcd, 0x80,                    // int 0x80
      0x83, 0xc6, 0x04,              // add esi, 4
      0xeb, 0xda,                    // jmp next
      0xbb, 0x07, 0x00, 0x00, 0x00,  // end: mov ebx, 7
      0xb8, 0x01, 0x00, 0x00, 0x00,  // mov eax, 1             exit
      0xcd, 0x80,                    // int 0x80
  };
  std::string file(
      "\x7f"
      "ELF\x01\x01\x01",
      7);
  file.resize(16);
  const auto put = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file += static_cast<char>(value >> 8 * i & 0xff);
  };
  constexpr std::uint32_t kBase = 0x08048000, kHeaders = 52 + 32;
  const std::uint32_t size = kHeaders + sizeof code;
  for (const auto& [value, bytes] : std::vector<std::pair<std::uint32_t, int>>{
           {2, 2},    {3, 2},    {1, 4},     {kBase + kHeaders, 4},
           {52, 4},   {0, 4},    {0, 4},     {52, 2},
           {32, 2},   {1, 2},    {0, 2},     {0, 2},
           {0, 2},  // ELF header: type, machine (386), version, entry, program headers
           {1, 4},    {0, 4},    {kBase, 4}, {kBase, 4},
           {size, 4}, {size, 4}, {5, 4},     {0x1000, 4}}) {
    put(value, bytes);
  }
  return file.append(reinterpret_cast<const char*>(code), sizeof code);
}

TEST_CASE("a 32-bit child is named once, and the library is not put in front of it") {
  TemporaryDirectory directory;
  const std::string program = directory.file("tiny32");
  write_executable(program, tiny_32_bit_program());
  const CommandResult native = run_command({program});
  const TreeRun run = run_tree(directory, {"sh", "-c", "LD_PRELOAD=$LD_PRELOAD ./tiny32; ./tiny32; exit $?"});
  CHECK(run.command.out.find("libmemprof") == std::string::npos);
  CHECK(run.command.out.find("MEMPROF_") == std::string::npos);
  CHECK_THAT(run.command.err, !Contains("ld.so"));
  CHECK_THAT(run.command.err, Contains("not recorded: tiny32 (2 times), each is built for 32 bits"));
  const auto rows = rows_of(run.tree, "tiny32");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]->process.command == std::vector<std::string>{"./tiny32"});
  CHECK_FALSE(rows[0]->recorded);
  if (native.status == 7) {  // a kernel that runs programs of 32 bits
    CHECK(run.command.status == 7);
    CHECK(rows[0]->process.end_value == 7);
    CHECK(run.command.out.find("PWD=") != std::string::npos);
  }
}

TEST_CASE("a static child is named, and what it starts is recorded again") {
  TemporaryDirectory directory;
  const std::string program = build_directory() + "/tests/target_programs/static";
  const TreeRun run = run_tree(directory, {"sh", "-c", program + "; " + program + "; ls / >/dev/null"});
  CHECK(run.command.status == 0);
  CHECK_THAT(run.command.err, Contains("not recorded: static (2 times), each is a static program"));
  CHECK(rows_of(run.tree, "static").size() == 2);
  CHECK(rows_of(run.tree, "ls").size() >= 1);
  check_index(run);
}

TEST_CASE("a setuid child is named") {
  if (::geteuid() != 0) {
    WARN("not tested: only root can make a setuid program of another user");
    return;
  }
  TemporaryDirectory directory;
  const std::string program = directory.file("raised");
  write_executable(program, read_file("/bin/true"));
  REQUIRE(::chown(program.c_str(), 65534, 65534) == 0);
  REQUIRE(::chmod(program.c_str(), 04755) == 0);
  const TreeRun run = run_tree(directory, {"sh", "-c", "./raised; exit $?"});
  CHECK(run.command.status == 0);
  CHECK_THAT(run.command.err, Contains("not recorded: raised has privileges of its own"));
}

TEST_CASE("make with two jobs, with an environment of its own for each command") {
  TemporaryDirectory directory;
  std::string rules = "all: a b c d\na b c d:\n\t@env -i PATH=$$PATH sh -c 'ls / >/dev/null; cat Makefile >$@.out'\n";
  std::ofstream(directory.file("Makefile")) << rules;
  const TreeRun run = run_tree(directory, {"make", "-j2"});
  CHECK(run.command.status == 0);
  const auto make = rows_of(run.tree, "make");
  REQUIRE_FALSE(make.empty());
  CHECK(rows_of(run.tree, "ls").size() == 4);
  CHECK(rows_of(run.tree, "cat").size() == 4);
  for (const TreeProcess* row : rows_of(run.tree, "cat")) {
    CHECK(row->recorded);
    CHECK(row->process.end_kind == EndKind::kExited);
    REQUIRE(row->parent != kNoIndex);
  }
  for (const std::string& line : {std::string("make"), std::string("processes, peak of all together")}) {
    CHECK_THAT(run.command.err, Contains(line));
  }
  check_index(run);
}

TEST_CASE("a pipeline of the shell is recorded part by part") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {"bash", "-c", "seq 1 2000 | sort -n | tail -1"});
  CHECK(run.command.out == "2000\n");
  for (const char* program : {"seq", "sort", "tail"}) CHECK(rows_of(run.tree, program).size() == 1);
  check_index(run);
}

TEST_CASE("python's subprocess is followed, with and without an environment") {
  TemporaryDirectory directory;
  const std::string script =
      "import subprocess\n"
      "subprocess.run(['/bin/ls', '/'], env={}, stdout=subprocess.DEVNULL, check=True)\n"
      "subprocess.run('cat /dev/null | wc -c', shell=True, stdout=subprocess.DEVNULL, check=True)\n";
  const TreeRun run = run_tree(directory, {"/usr/bin/python3", "-c", script});
  CHECK(run.command.status == 0);
  for (const char* program : {"ls", "cat", "wc"}) CHECK(rows_of(run.tree, program).size() == 1);
  check_index(run);
}

TEST_CASE("every report takes the index: all processes, or one of them") {
  TemporaryDirectory directory;
  const TreeRun run = run_tree(directory, {test_program("fork_child")});
  REQUIRE(run.profiles.size() == 3);
  const std::string index = directory.file("all.tree.json");
  std::uint64_t live_bytes = 0, allocations = 0;
  for (const Profile& profile : run.profiles) {
    live_bytes += profile.totals.live_bytes;
    allocations += profile.totals.allocations;
  }
  const auto report = [&](Arguments arguments) {
    arguments.insert(arguments.begin(), memprof_program());
    return run_command(arguments);
  };
  SECTION("the sum") {
    const CommandResult top = report({"top", "--json", index});
    CHECK(top.status == 0);
    CHECK_THAT(top.out, Contains("\"bytes\": " + std::to_string(live_bytes)));
    CHECK_THAT(top.out, Contains("fork_child and 2 more"));
    CHECK_THAT(report({"top", index}).out, Catch::StartsWith("Sum of 3 profiles"));
    const CommandResult info = report({"info", "--json", index});
    CHECK_THAT(info.out, Contains("\"allocations\": " + std::to_string(allocations)));
    CHECK_THAT(info.out, Contains("\"peak_bytes\": " + std::to_string(run.tree.peak_bytes)));
    CHECK(report({"lines", index}).status == 0);
    CHECK(report({"leaks", index}).status == 0);
    CHECK(report({"growth", index, index}).status == 0);
    CHECK(report({"diff", index, index}).status == 0);
    CHECK(report({"export", index, "--format", "csv"}).status == 0);
    CHECK(report({"plot", index, "-o", directory.file("plot.svg")}).status == 0);
    CHECK_THAT(report({"check", index, "--max-unfreed-bytes", "1GiB"}).out, Catch::StartsWith("pass"));
  }
  SECTION("one") {
    const std::string pid = std::to_string(run.profiles[1].process.pid);
    const CommandResult top = report({"top", "--json", "--pid", pid, index});
    CHECK_THAT(top.out, Contains("\"pid\": " + pid));
    CHECK_THAT(top.out, Contains("\"bytes\": " + std::to_string(run.profiles[1].totals.live_bytes)));
    for (const char* command : {"lines", "leaks", "info", "check"}) {
      INFO(command);
      CHECK(report({command, "--pid", pid, index}).err.empty());
    }
    CHECK(report({"export", "--format", "folded", "--pid", pid, index}).status == 0);
    CHECK(report({"diff", "--old-pid", pid, "--pid", pid, index, index}).out ==
          "Both are the same profile: there is nothing to compare.\n");
  }
  SECTION("one that is not there") {
    const CommandResult top = report({"top", "--pid", "1", index});
    CHECK(top.status == 2);
    CHECK_THAT(top.err, Contains("there is no process 1 in it"));
    for (const Profile& profile : run.profiles) {
      CHECK_THAT(top.err, Contains(std::to_string(profile.process.pid) + " (fork_child)"));
    }
  }
  SECTION("a profile that has gone") {
    std::filesystem::remove(directory.file(run.tree.processes[1].profile));
    const CommandResult top = report({"top", index});
    CHECK(top.status == 2);
    CHECK_THAT(top.err, Contains("reading what " + index + " names") && Contains(run.tree.processes[1].profile));
  }
  SECTION("the folder may move") {
    std::filesystem::create_directory(directory.file("new"));
    for (const TreeProcess& entry : run.tree.processes) {
      std::filesystem::rename(directory.file(entry.profile), directory.file("new/" + entry.profile));
    }
    std::filesystem::rename(index, directory.file("new/all.tree.json"));
    CHECK(report({"top", directory.file("new/all.tree.json")}).status == 0);
  }
}

TEST_CASE("programs started one after the other are all recorded, and leave nothing behind in memprof", "[soak]") {
  TemporaryDirectory directory;
  const long count = soaking() ? 10'000 : 250;
  CommandOptions options;
  options.timeout = std::chrono::seconds(soaking() ? 1500 : 100);
  // Few descriptors: one that is kept for each process would be one too many.
  const std::string limited = "ulimit -n 64; exec \"$0\" run -o all.json -- \"$@\"";
  options.directory = directory.path();
  const CommandResult run = run_command(
      {"sh", "-c", limited, memprof_program(), test_program("fork_exec"), std::to_string(count), "/bin/true"}, options);
  INFO(run.err);
  CHECK(run.status == 0);
  const auto tree = read_process_tree(directory.file("all.tree.json"));
  REQUIRE(tree);
  const auto rows = rows_of(*tree, "true");
  CHECK(rows.size() == static_cast<std::size_t>(count));
  for (const TreeProcess* row : rows) {
    const bool whole = row->recorded && row->complete && row->process.end_kind == EndKind::kExited && row->parent == 0;
    if (whole && row->allocations == rows.front()->allocations) continue;
    CAPTURE(row->process.pid, row->recorded, row->complete, row->allocations, row->parent);
    CHECK(whole);
    CHECK(row->allocations == rows.front()->allocations);
  }
  CHECK_THAT(run.err, Contains("processes that allocated next to nothing (true)"));
}

}  // namespace
}  // namespace memprof::test
