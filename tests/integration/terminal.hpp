#pragma once
// A terminal for tests: runs a command on a pseudo-terminal and shows what a person would have seen.

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/command.hpp"

namespace memprof::test {

/// The part of a VT100 that programs and memprof use: text with wrapping, scrolling with a region, cursor movement,
/// erasing to the end of the line. Lines that scroll off the top are kept.
class Screen {
 public:
  Screen(std::size_t rows, std::size_t columns);
  void feed(const std::string& bytes);
  /// What scrolled off, then the screen; without trailing blanks and without empty lines at the end.
  std::vector<std::string> lines() const;

 private:
  struct Cursor {
    std::size_t row = 0, column = 0;
  };
  void put(char c);
  void escape(char c);
  void control_sequence(char final_character);
  void line_down();
  void line_up();

  std::size_t rows_, columns_;
  std::vector<std::string> scrolled_off_, screen_;
  std::size_t top_ = 0, bottom_;  ///< of the scrolling region
  Cursor cursor_, saved_;
  enum class State { kText, kEscape, kControlSequence } state_ = State::kText;
  std::string parameters_;
};

struct Key {
  std::string after;  ///< pressed as soon as the terminal has shown this text (once more than for the key before)
  std::string bytes;
};

struct TerminalOptions {
  unsigned short rows = 24, columns = 80;
  std::vector<Key> keys;
  std::string directory;
  std::vector<std::pair<std::string, std::string>> environment;
};

struct TerminalResult {
  int status = -1;                 ///< exit status, or 128 + signal
  std::string bytes;               ///< all that was written to the terminal
  std::vector<std::string> lines;  ///< as Screen::lines() at the end
};

/// Throws when the command takes longer than a minute.
TerminalResult run_on_terminal(const Arguments& arguments, const TerminalOptions& options = {});

}  // namespace memprof::test
