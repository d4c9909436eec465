// The session's directory, its signals, and what it reads about processes.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "collect/session_directory.hpp"
#include "collect/session_pidfd.hpp"
#include "collect/session_process.hpp"
#include "collect/session_signals.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::collect {
namespace {

namespace fs = std::filesystem;
using test::TemporaryDirectory;

/// An environment variable for the lifetime of the object.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_.empty()) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, before_.c_str(), 1);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string before_;
};

TEST_CASE("the session's directory is private and goes away") {
  TemporaryDirectory runtime;
  const Variable variable("XDG_RUNTIME_DIR", runtime.path().string());
  std::string path;
  {
    const auto directory = SessionDirectory::create();
    REQUIRE(directory);
    path = directory->path();
    CHECK(fs::path(path).parent_path() == runtime.path());
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    std::ofstream(directory->socket_path()) << "a socket";
    CHECK(directory->preloadable("/a/b.so") == std::string("/a/b.so"));
    const auto link = directory->preloadable("/a dir/b.so");
    REQUIRE(link);
    CHECK(fs::read_symlink(*link) == "/a dir/b.so");
    CHECK(link->find(' ') == std::string::npos);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("where XDG_RUNTIME_DIR is of no use, /tmp is") {
  TemporaryDirectory runtime;
  const std::string deep = runtime.file(std::string(90, 'd'));  // no room for a socket's name
  fs::create_directory(deep);
  const std::string blank = runtime.file("a b");  // LD_PRELOAD would split it
  fs::create_directory(blank);
  for (const std::string& value : {std::string("/no/such/directory"), std::string("relative"), deep, blank}) {
    INFO(value);
    const Variable variable("XDG_RUNTIME_DIR", value);
    const auto directory = SessionDirectory::create();
    REQUIRE(directory);
    CHECK(fs::path(directory->path()).parent_path() == "/tmp");
  }
}

TEST_CASE("signals are read instead of acted upon, and let go again") {
  sigset_t before, now;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  {
    auto signals = SessionSignals::take();
    REQUIRE(signals);
    CHECK_FALSE(signals->next());
    ::kill(::getpid(), SIGINT);
    ::kill(::getpid(), SIGTERM);
    const auto first = signals->next(), second = signals->next();
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->number + second->number == SIGINT + SIGTERM);
    CHECK(first->sender == ::getpid());
    CHECK_FALSE(first->from_terminal);
    CHECK_FALSE(signals->next());
    CHECK(::sigismember(&signals->inherited_mask(), SIGINT) == 0);
    ::kill(::getpid(), SIGHUP);  // left over; must not kill us below
  }
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) CHECK(::sigismember(&now, number) == ::sigismember(&before, number));
}

TEST_CASE("a signal that was ignored stays ignored") {
  ::signal(SIGHUP, SIG_IGN);
  {
    auto signals = SessionSignals::take();
    REQUIRE(signals);
    ::kill(::getpid(), SIGHUP);
    CHECK_FALSE(signals->next());
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("a process is described by what /proc says of it") {
  const Process self = describe_process(::getpid());
  CHECK(self.pid == ::getpid());
  CHECK(self.parent_pid == ::getppid());
  CHECK(self.executable == fs::read_symlink("/proc/self/exe"));
  CHECK(self.program == fs::path(self.executable).filename());
  CHECK(self.directory == fs::current_path());
  REQUIRE_FALSE(self.command.empty());
  CHECK(fs::path(self.command[0]).filename() == self.program);
  CHECK_FALSE(self.architecture.empty());
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  CHECK(self.start_unix_ms <= now);
  CHECK(self.start_unix_ms > now - 3'600'000);
}

TEST_CASE("a process that does not exist is described by its number alone") {
  const Process nobody = describe_process(0x7ffffff0);
  CHECK(nobody.pid == 0x7ffffff0);
  CHECK(nobody.executable.empty());
  CHECK(nobody.command.empty());
  CHECK(nobody.program.empty());
}

TEST_CASE("a name with blanks and parentheses does not confuse the reading of /proc") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NAME, ") 1 2 (x y)");
    for (;;) ::pause();
  }
  while (short_name_of(child) != ") 1 2 (x y)") std::this_thread::yield();
  const Process process = describe_process(child);
  CHECK(process.parent_pid == ::getpid());
  CHECK(process.program == ") 1 2 (x y)");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("the end of a process is seen, and its status while it is a zombie") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(42);
  const UniqueFd pidfd = open_pidfd(child);
  REQUIRE(pidfd);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  const auto status = wait_status_of(child, pidfd.get());
  REQUIRE(status);
  CHECK(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 42);
  CHECK_FALSE(short_name_of(child).empty());
  ::waitpid(child, nullptr, 0);
  // Collected: some kernels still tell, none tells anything else.
  if (const auto later = wait_status_of(child, pidfd.get())) CHECK(WEXITSTATUS(*later) == 42);
}

TEST_CASE("a living process has no status") {
  const UniqueFd pidfd = open_pidfd(::getpid());
  CHECK_FALSE(wait_status_of(::getpid(), pidfd.get()));
}

}  // namespace
}  // namespace memprof::collect
