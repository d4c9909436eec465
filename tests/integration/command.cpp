#include "tests/integration/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace memprof::test {

namespace {

int memory_file(const std::string& content) {
  int file = memfd_create("memprof-test", MFD_CLOEXEC);
  if (file < 0) throw std::runtime_error("memfd_create failed");
  for (std::size_t written = 0; written < content.size();) {
    ssize_t result = write(file, content.data() + written, content.size() - written);
    if (result < 0) throw std::runtime_error("cannot write to a memfd");
    written += static_cast<std::size_t>(result);
  }
  lseek(file, 0, SEEK_SET);
  // The kernel guards the position of a file that processes share, but not that of a memfd: two that write at once
  // would write over each other.
  if (fcntl(file, F_SETFL, O_APPEND) != 0) throw std::runtime_error("cannot append to a memfd");
  return file;
}

std::string content_of(int file) {
  std::string content;
  char buffer[1 << 16];
  for (ssize_t got; (got = pread(file, buffer, sizeof buffer, static_cast<off_t>(content.size()))) > 0;) {
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return content;
}

[[noreturn]] void become(const Arguments& arguments, const CommandOptions& options, int in, int out, int err) {
  setpgid(0, 0);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(125);
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(125);
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

/// What all threads of what we have started are doing, for the log.
std::string stacks_of_group(pid_t group) {
  std::string text;
  FILE* const output = popen((std::string(MEMPROF_TEST_STACKS " ") + std::to_string(group)).c_str(), "r");
  if (output == nullptr) return "stacks_of cannot be started";
  char buffer[1 << 12];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, output)) > 0;) text.append(buffer, got);
  pclose(output);
  return text;
}

}  // namespace

std::string shown(const Arguments& arguments) {
  std::string line;
  for (const std::string& argument : arguments) line += (line.empty() ? "" : " ") + argument;
  return line;
}

RunningCommand::RunningCommand(const Arguments& arguments, const CommandOptions& options)
    : arguments_(arguments), deadline_(std::chrono::steady_clock::now() + options.timeout) {
  int in = memory_file(options.input);
  out_ = memory_file({});
  err_ = memory_file({});
  pid_ = fork();
  if (pid_ == 0) become(arguments, options, in, out_, err_);
  close(in);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  setpgid(pid_, pid_);  // whoever comes first, here or in the child
}

RunningCommand::~RunningCommand() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

void RunningCommand::send(int signal) const {
  if (kill(pid_, signal) != 0) throw std::runtime_error("no process to signal: " + shown(arguments_));
}

CommandResult RunningCommand::wait() {
  int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd watched{process, POLLIN, 0};
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
  bool ended = poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) == 1;
  close(process);
  if (!ended) {
    const std::string stacks = stacks_of_group(pid_);
    throw std::runtime_error("timed out: " + shown(arguments_) + "\nstandard output: " + content_of(out_) +
                             "\nstandard error: " + content_of(err_) + "\nwhere it is:\n" + stacks);
  }
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), content_of(out_), content_of(err_)};
}

CommandResult run_command(const Arguments& arguments, const CommandOptions& options) {
  return RunningCommand(arguments, options).wait();
}

}  // namespace memprof::test
