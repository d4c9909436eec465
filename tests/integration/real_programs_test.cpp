// Debian's own programs: they do what they do without memprof, and nothing of what they allocate is missed.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/real_input.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

/// Natively, then profiled: same status, same output, and whole profiles of at least `least` allocations.
ProfiledRun check_same(const Arguments& arguments, std::uint64_t least, const CommandOptions& options = {}) {
  INFO(shown(arguments));
  CommandResult native = run_command(arguments, options);
  ProfiledRun run = profiled(arguments, options);
  CHECK(native.status == 0);
  CHECK(run.command.status == native.status);
  CHECK((run.command.out == native.out));  // in brackets: megabytes are not to be printed
  CHECK(run.command.err == native.err);
  REQUIRE(!run.profiles.empty());
  std::uint64_t most = 0;
  for (const Profile& profile : run.profiles) {
    check_quality(profile);
    most = std::max(most, profile.totals.allocations);
  }
  CHECK(most >= least);
  return run;
}

TEST_CASE("jq on 10 MB of JSON") {
  TemporaryDirectory directory;
  write_file(directory.file("input.json"), json_of_ten_megabytes());
  check_same({"/usr/bin/jq", "[.[] | select(.id % 3 == 0) | {name, total: (.values | add)}] | length",
              directory.file("input.json")},
             1'000'000);
}

TEST_CASE("sqlite3 filling 200,000 rows in memory") {
  CommandOptions options;
  options.input = sql_of_200000_rows();
  check_same({"/usr/bin/sqlite3", ":memory:"}, 100'000, options);
}

TEST_CASE("python3 with PYTHONMALLOC=malloc") {
  CommandOptions options;
  options.environment = {{"PYTHONMALLOC", "malloc"}, {"PYTHONHASHSEED", "0"}};
  check_same({"/usr/bin/python3", "-S", "-E", "-c", "print(1)"}, 100, options);  // -E ignores the variable
  check_same({"/usr/bin/python3", "-c",
              "import json\n"
              "rows = [{'id': i, 'name': f'row {i}', 'tags': [str(i % 7)] * 3} for i in range(20000)]\n"
              "text = json.dumps(rows)\n"
              "print(len(text), sum(row['id'] for row in json.loads(text)))\n"},
             500'000, options);
}

TEST_CASE("perl") {
  check_same({"/usr/bin/perl", "-e",
              "my %count; for my $i (1..100000) { $count{\"key\" . ($i % 5000)} .= chr(65 + $i % 26); }"
              "print join(' ', map { length $count{$_} } (sort keys %count)[0..9]), \"\\n\";"},
             10'000);
}

TEST_CASE("g++ compiling a file, a tree of processes") {
  TemporaryDirectory directory;
  write_file(directory.file("words.cpp"),
             "#include <map>\n#include <string>\n"
             "int count(const std::map<std::string, int>& words) { return int(words.size()); }\n");
  const std::string object = directory.file("words.o");
  ProfiledRun run = check_same({"/usr/bin/g++", "-O1", "-c", directory.file("words.cpp"), "-o", object}, 50'000);
  CHECK(std::filesystem::file_size(object) > 500);
  auto ran = [&](const std::string& program) {
    return std::any_of(run.profiles.begin(), run.profiles.end(), [&](const Profile& profile) {
      return profile.process.program.find(program) != std::string::npos;
    });
  };
  CHECK(ran("g++"));
  CHECK(ran("cc1plus"));
  // The assembler allocates next to nothing on so small a file: it is in the summary, without a profile of its own.
}

TEST_CASE("redis-server on jemalloc, answering redis-benchmark and ended by SIGTERM") {
  TemporaryDirectory directory;
  // redis-tools holds the server under another name; it is a server when it is called one.
  const std::string server = directory.file("redis-server");
  std::filesystem::create_symlink("/usr/bin/redis-check-rdb", server);
  const std::string socket = directory.file("socket");
  RunningCommand running({memprof_program(), "run", "--quiet", "-o", directory.file("profile.json"), "--", server,
                          "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir",
                          directory.path()});
  for (int i = 0; i < 1000 && !std::filesystem::exists(socket); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const CommandResult benchmark = run_command(
      {"/usr/bin/redis-benchmark", "-s", socket, "-q", "-n", "20000", "-c", "10", "-d", "100", "-t", "set,get,lpush"});
  CHECK(benchmark.status == 0);
  const CommandResult pid = run_command({"/usr/bin/redis-cli", "-s", socket, "--raw", "config", "get", "unixsocket"});
  CHECK(pid.out.find(socket) != std::string::npos);

  running.send(SIGTERM);
  const CommandResult server_result = running.wait();
  INFO(server_result.out << server_result.err);
  CHECK(server_result.status == 0);
  CHECK(server_result.out.find("Redis is now ready to exit, bye bye") != std::string::npos);
  const std::vector<Profile> profiles = read_profiles(directory.path());
  REQUIRE(profiles.size() == 1);
  check_quality(profiles[0]);
  CHECK(profiles[0].totals.allocations >= 20'000);
  CHECK(std::any_of(profiles[0].modules.begin(), profiles[0].modules.end(), [&](const Module& module) {
    return profiles[0].text(module.path).find("libjemalloc") != std::string::npos;
  }));
}

}  // namespace
}  // namespace memprof::test
