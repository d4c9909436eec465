#include "tests/integration/terminal.hpp"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace memprof::test {

namespace {

constexpr std::chrono::seconds kTimeout{60};

[[noreturn]] void become(const Arguments& arguments, const TerminalOptions& options) {
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  unsetenv("COLUMNS");
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(125);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

bool has_ended(pid_t pid, int& status) { return waitpid(pid, &status, WNOHANG) == pid; }

}  // namespace

Screen::Screen(std::size_t rows, std::size_t columns)
    : rows_(rows), columns_(columns), screen_(rows), bottom_(rows - 1) {}

void Screen::feed(const std::string& bytes) {
  for (char c : bytes) {
    switch (state_) {
      case State::kText:
        if (c == '\033') {
          state_ = State::kEscape;
        } else {
          put(c);
        }
        break;
      case State::kEscape:
        escape(c);
        break;
      case State::kControlSequence:
        if (c >= 0x40 && c <= 0x7e) {
          control_sequence(c);
          state_ = State::kText;
        } else {
          parameters_ += c;
        }
    }
  }
}

void Screen::put(char c) {
  if (c == '\r') {
    cursor_.column = 0;
  } else if (c == '\n') {
    line_down();
  } else if (c == '\b') {
    if (cursor_.column > 0) --cursor_.column;
  } else if (static_cast<unsigned char>(c) >= 0x20) {
    if (cursor_.column == columns_) {  // a full line wraps when the next character comes
      cursor_.column = 0;
      line_down();
    }
    std::string& line = screen_[cursor_.row];
    if (line.size() <= cursor_.column) line.resize(cursor_.column + 1, ' ');
    line[cursor_.column++] = c;
  }
}

void Screen::escape(char c) {
  state_ = State::kText;
  if (c == '[') {
    state_ = State::kControlSequence;
    parameters_.clear();
  }
  if (c == '7') saved_ = cursor_;
  if (c == '8') cursor_ = saved_;
  if (c == 'D') line_down();
  if (c == 'M') line_up();
}

void Screen::control_sequence(char final_character) {
  const std::size_t first = parameters_.empty() ? 0 : std::strtoul(parameters_.c_str(), nullptr, 10);
  const std::size_t semicolon = parameters_.find(';');
  const std::size_t second =
      semicolon == std::string::npos ? 0 : std::strtoul(parameters_.c_str() + semicolon + 1, nullptr, 10);
  if (final_character == 'H') {
    cursor_.row = std::clamp<std::size_t>(first, 1, rows_) - 1;
    cursor_.column = std::clamp<std::size_t>(second, 1, columns_) - 1;
  } else if (final_character == 'K') {
    std::string& line = screen_[cursor_.row];
    if (line.size() > cursor_.column) line.resize(cursor_.column);
  } else if (final_character == 'r') {
    top_ = std::clamp<std::size_t>(first, 1, rows_) - 1;
    bottom_ = (second == 0 ? rows_ : std::min(second, rows_)) - 1;
    cursor_ = {};
  } else if (final_character != 'm' && parameters_.rfind('?', 0) != 0) {  // colours and modes do not matter here
    throw std::runtime_error("the test's terminal does not know CSI " + parameters_ + final_character);
  }
}

void Screen::line_down() {
  if (cursor_.row != bottom_) {
    if (cursor_.row + 1 < rows_) ++cursor_.row;
    return;
  }
  if (top_ == 0) scrolled_off_.push_back(screen_[0]);
  screen_.erase(screen_.begin() + static_cast<std::ptrdiff_t>(top_));
  screen_.insert(screen_.begin() + static_cast<std::ptrdiff_t>(bottom_), std::string());
}

void Screen::line_up() {
  if (cursor_.row != top_) {
    if (cursor_.row > 0) --cursor_.row;
    return;
  }
  screen_.erase(screen_.begin() + static_cast<std::ptrdiff_t>(bottom_));
  screen_.insert(screen_.begin() + static_cast<std::ptrdiff_t>(top_), std::string());
}

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> all = scrolled_off_;
  all.insert(all.end(), screen_.begin(), screen_.end());
  for (std::string& line : all) line.erase(line.find_last_not_of(' ') + 1);
  while (!all.empty() && all.back().empty()) all.pop_back();
  return all;
}

TerminalResult run_on_terminal(const Arguments& arguments, const TerminalOptions& options) {
  const winsize size{options.rows, options.columns, 0, 0};
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) become(arguments, options);
  if (pid < 0) throw std::runtime_error("no pseudo-terminal");
  TerminalResult result;
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  int status = 0;
  std::size_t looked_at = 0, next_key = 0;
  for (bool ended = false, drained = false; !ended || !drained;) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(-pid, SIGKILL);
      waitpid(pid, &status, 0);
      close(terminal);
      throw std::runtime_error("timed out: " + shown(arguments) + "\n" + result.bytes);
    }
    if (!ended) ended = has_ended(pid, status);
    pollfd poll_terminal{terminal, POLLIN, 0};
    char buffer[4096];
    const bool ready = poll(&poll_terminal, 1, 20) > 0;
    const ssize_t got = ready ? read(terminal, buffer, sizeof buffer) : 0;
    if (got > 0) result.bytes.append(buffer, static_cast<std::size_t>(got));
    drained = got <= 0;  // processes that were left behind may keep the terminal open: no end of file then
    while (next_key < options.keys.size()) {
      const Key& key = options.keys[next_key];
      const std::size_t at = result.bytes.find(key.after, looked_at);
      if (at == std::string::npos) break;
      looked_at = at + key.after.size();
      if (write(terminal, key.bytes.data(), key.bytes.size()) < 0) break;
      ++next_key;
    }
  }
  close(terminal);
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  Screen screen(options.rows, options.columns);
  screen.feed(result.bytes);
  result.lines = screen.lines();
  return result;
}

}  // namespace memprof::test
