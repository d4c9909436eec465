// The control socket: its directory, who is listed, what becomes of sockets of dead memprofs, and refusals.

#include "collect/control_client.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "collect/control_directory.hpp"
#include "collect/control_server.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::collect {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

/// $XDG_RUNTIME_DIR for the lifetime of the object.
class RuntimeDirectory {
 public:
  RuntimeDirectory() {
    if (const char* before = std::getenv("XDG_RUNTIME_DIR")) before_ = before;
    ::setenv("XDG_RUNTIME_DIR", directory_.path().c_str(), 1);
  }
  ~RuntimeDirectory() {
    if (before_.empty()) {
      ::unsetenv("XDG_RUNTIME_DIR");
    } else {
      ::setenv("XDG_RUNTIME_DIR", before_.c_str(), 1);
    }
  }
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;

  std::string sockets() const { return (directory_.path() / "memprof").string(); }

 private:
  test::TemporaryDirectory directory_;
  std::string before_;
};

/// Answers each request with what the test says, on a thread of its own.
class FakeSession {
 public:
  explicit FakeSession(ControlMessage answer) : answer_(std::move(answer)) {
    auto server = ControlServer::listen();
    REQUIRE(server);
    server_.emplace(std::move(*server));
    thread_ = std::thread([this] {
      while (!over_) {
        for (ControlRequest& request : server_->serve()) {
          requests_.push_back(request.message);
          send_message(request.connection.get(), answer_);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  ~FakeSession() { stop(); }
  FakeSession(const FakeSession&) = delete;
  FakeSession& operator=(const FakeSession&) = delete;

  void stop() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  const std::vector<ControlMessage>& requests() {
    stop();
    return requests_;
  }

 private:
  ControlMessage answer_;
  std::optional<ControlServer> server_;
  std::vector<ControlMessage> requests_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// Processes of our own directory: others of this user may be running.
std::vector<ProfiledProcess> listed_in(const std::string& directory) {
  const auto list = list_profiled();
  REQUIRE(list);
  std::vector<ProfiledProcess> ours;
  for (const ProfiledProcess& process : list->processes) {
    if (process.socket.starts_with(directory)) ours.push_back(process);
  }
  return ours;
}

ProfiledList two_processes() {
  ProfiledList list;
  for (const std::int32_t pid : {17, 18}) {
    ProfiledProcess process;
    process.pid = pid;
    process.program = "server";
    list.processes.push_back(process);
  }
  return list;
}

TEST_CASE("the control directory is made for its user alone, and goes when the last socket does") {
  const RuntimeDirectory runtime;
  {
    const auto server = ControlServer::listen();
    REQUIRE(server);
    struct stat status {};
    REQUIRE(::stat(runtime.sockets().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    CHECK(server->path() == runtime.sockets() + "/" + std::to_string(::getpid()) + ".sock");
    CHECK(fs::exists(server->path()));
  }
  CHECK_FALSE(fs::exists(runtime.sockets()));
}

TEST_CASE("a directory that others may enter is not used, and neither is a link") {
  const RuntimeDirectory runtime;
  fs::create_directory(runtime.sockets());
  ::chmod(runtime.sockets().c_str(), 0755);
  const auto open = check_control_directory(runtime.sockets());
  REQUIRE_FALSE(open);
  CHECK_THAT(open.error().what, Contains("is open to other users"));
  const auto listed = list_profiled();
  REQUIRE_FALSE(listed);
  CHECK(listed.error().hint == "chmod 700 " + runtime.sockets());
  fs::remove(runtime.sockets());
  fs::create_symlink("/tmp", runtime.sockets());
  CHECK_THAT(check_control_directory(runtime.sockets()).error().what, Contains("is no directory"));
}

TEST_CASE("clients read what sessions list, whatever is in a command") {
  const RuntimeDirectory runtime;
  FakeSession session({"done",   "3",    "17", "server", "1700000000000",
                       "4096",   "8192", "2",  "16",     "2",
                       "server", "a\nb", "18", "sh",     "5",
                       "0",      "0",    "0",  "16",     "0"});
  const auto processes = listed_in(runtime.sockets());
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].pid == 17);
  CHECK(processes[0].live_bytes == 4096);
  CHECK(processes[0].peak_bytes == 8192);
  CHECK(processes[0].snapshots == 2);
  CHECK(processes[0].memprof_pid == 16);
  CHECK(processes[0].command == std::vector<std::string>{"server", "a\nb"});
  CHECK(processes[1].command.empty());
  CHECK(list_profiled()->more >= 1);
}

TEST_CASE("an answer that makes no sense lists nobody") {
  const RuntimeDirectory runtime;
  for (const ControlMessage& answer : {ControlMessage{},
                                       {"done"},
                                       {"done", "1", "17", "x"},
                                       {"nonsense", "1"},
                                       {"done", "1", "x", "server", "1", "1", "1", "1", "1", "0"}}) {
    FakeSession session(answer);
    CHECK(listed_in(runtime.sockets()).empty());
  }
}

TEST_CASE("the socket of a memprof that was killed is removed by whoever looks") {
  const RuntimeDirectory runtime;
  fs::create_directory(runtime.sockets());
  ::chmod(runtime.sockets().c_str(), 0700);
  const std::string stale = runtime.sockets() + "/4711.sock";
  {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, stale.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  REQUIRE(fs::exists(stale));
  CHECK(listed_in(runtime.sockets()).empty());
  CHECK_FALSE(fs::exists(stale));
}

TEST_CASE("a process is meant by its pid or its program's name, and who is there is said otherwise") {
  CHECK(find_profiled(two_processes(), "18")->pid == 18);
  ProfiledList list = two_processes();
  list.processes[1].program = "client";
  CHECK(find_profiled(list, "client")->pid == 18);
  const auto missing = find_profiled(list, "19");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().what == "process 19 is not being profiled");
  CHECK(missing.error().hint == "these are: server (pid 17), client (pid 18)");
  CHECK(missing.error().code == ExitCode::kUsage);
  CHECK_THAT(find_profiled({}, "x").error().hint, Contains("memprof run"));
  const auto twice = find_profiled(two_processes(), "server");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().hint == "name one by its pid: 17, 18");
}

TEST_CASE("a snapshot is ordered with its name and place, and its answer read") {
  const RuntimeDirectory runtime;
  FakeSession session({"done", "/tmp/a.json", "warm", "4096", "2"});
  ProfiledProcess process;
  process.pid = 17;
  process.program = "server";
  process.socket = runtime.sockets() + "/" + std::to_string(::getpid()) + ".sock";
  const auto taken = take_snapshot(process, {"warm", "/tmp/a.json", "/tmp", true});
  REQUIRE(taken);
  CHECK(taken->path == "/tmp/a.json");
  CHECK(taken->live_bytes == 4096);
  CHECK(session.requests() == std::vector<ControlMessage>{{"snapshot", "17", "warm", "/tmp/a.json", "/tmp", "1"}});
}

TEST_CASE("a snapshot that fails says why, with the session's exit status") {
  const RuntimeDirectory runtime;
  FakeSession session(failed_message({"a.json is there already", "use --force", ExitCode::kUsage}));
  ProfiledProcess process;
  process.socket = runtime.sockets() + "/" + std::to_string(::getpid()) + ".sock";
  const auto failed = take_snapshot(process, {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().what == "a.json is there already");
  CHECK(failed.error().hint == "use --force");
  process.socket = runtime.sockets() + "/1.sock";
  CHECK_THAT(take_snapshot(process, {}).error().what, Contains("is not being profiled any more"));
}

TEST_CASE("names of snapshots are no paths and hold nothing that moves a cursor") {
  CHECK(snapshot_name_problem("after warm-up").empty());
  CHECK_THAT(snapshot_name_problem(""), Contains("empty"));
  CHECK_THAT(snapshot_name_problem("a/b"), Contains("slash"));
  CHECK_THAT(snapshot_name_problem("../x"), Contains("slash"));
  CHECK_THAT(snapshot_name_problem(".."), Contains("dot"));
  CHECK_THAT(snapshot_name_problem("a\nb"), Contains("control character"));
  CHECK_THAT(snapshot_name_problem(std::string(101, 'x')), Contains("100"));
  ProfiledProcess process;
  CHECK_THAT(take_snapshot(process, {"a\x1b[2J", "", "/tmp", false}).error().what, Contains("control character"));
}

TEST_CASE("a client that says nothing, or too much, costs the session nothing but a descriptor") {
  const RuntimeDirectory runtime;
  auto server = ControlServer::listen();
  REQUIRE(server);
  UniqueFd client(::socket(AF_UNIX, SOCK_SEQPACKET, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, server->path().c_str(), sizeof address.sun_path - 1);
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(server->serve().empty());
  REQUIRE(server->deadline());
  CHECK(server->serve(*server->deadline() + std::chrono::milliseconds(1)).empty());
  CHECK_FALSE(server->deadline());
  char byte;
  CHECK(::recv(client.get(), &byte, 1, 0) == 0);  // turned away
  CHECK_FALSE(send_message(client.get(), {std::string(kControlLimit, 'x')}));
}

}  // namespace
}  // namespace memprof::collect
