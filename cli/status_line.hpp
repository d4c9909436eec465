#pragma once
// One line on the terminal that is redrawn in place and vanishes.
//
// While the profiled program runs it writes to the same terminal, whenever it likes, and memprof must neither read nor
// delay that. So the line is not drawn where the cursor happens to be: the terminal's last row is taken out of its
// scrolling region and the line lives there. The program's output, half-written lines and prompts included, goes on
// scrolling above, untouched. Once the program has ended the line is drawn at the cursor like any progress bar.
//
// It stays away while the terminal is another job's, while the program reads single keys (then it may well own the
// whole screen), on TERM=dumb, and where there is no terminal at all.

#include <string>

namespace memprof::cli {

class StatusLine {
 public:
  explicit StatusLine(int descriptor);
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  /// Whether show_*() can ever show anything; does not change.
  bool usable() const { return usable_; }
  /// For a while in which somebody else writes to the terminal.
  void show_beside_program(const std::string& text);
  /// For a while in which nobody else does.
  void show_at_cursor(const std::string& text);
  void clear();
  /// Goes to a new line if the cursor is not at the start of one (the program's last words, or "^C").
  void start_line();

 private:
  enum class Shown { kNowhere, kAtCursor, kLastRow };

  bool terminal_is_ours() const;
  void take_last_row(unsigned rows);
  void write(const std::string& bytes) const;

  int descriptor_;
  bool usable_;
  Shown shown_ = Shown::kNowhere;
  unsigned rows_ = 0;  ///< of the terminal, when its last row was taken
};

}  // namespace memprof::cli
