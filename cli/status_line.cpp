#include "cli/status_line.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace memprof::cli {
namespace {

constexpr unsigned kFewestRows = 4;  // with fewer, a row of its own is too much to ask for

// ECMA-48 and DEC VT100 control sequences, which every terminal in use but TERM=dumb knows.
constexpr std::string_view kSaveCursor = "\0337", kRestoreCursor = "\0338";
constexpr std::string_view kLineDown = "\033D", kLineUp = "\033M";  // in the same column, scrolling at the edge
constexpr std::string_view kWholeScreenScrolls = "\033[r";
constexpr std::string_view kEraseToEnd = "\033[K", kStartOfLine = "\r";

bool knows_control_sequences() {
  const char* const term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

winsize size_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

/// At most `columns` characters of UTF-8 text.
std::string_view first_columns(std::string_view text, unsigned columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    const bool starts_character = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (starts_character && columns-- == 0) break;
    ++end;
  }
  return text.substr(0, end);
}

/// One column less than there are: a full line would make some terminals go to the next.
unsigned room(const winsize& size) { return (size.ws_col > 1 ? size.ws_col : 80u) - 1; }

std::string go_to_row(unsigned row) { return "\033[" + std::to_string(row) + ";1H"; }

}  // namespace

StatusLine::StatusLine(int descriptor)
    : descriptor_(descriptor), usable_(::isatty(descriptor) == 1 && knows_control_sequences()) {}

void StatusLine::show_beside_program(const std::string& text) {
  if (!usable_) return;
  if (!terminal_is_ours()) {
    clear();
    return;
  }
  const winsize size = size_of(descriptor_);
  if (size.ws_row < kFewestRows) {
    show_at_cursor(text);
    return;
  }
  if (shown_ == Shown::kLastRow && rows_ != size.ws_row) clear();  // the window was resized
  if (shown_ != Shown::kLastRow) take_last_row(size.ws_row);
  std::string bytes(kSaveCursor);
  bytes += go_to_row(rows_);
  bytes += first_columns(text, room(size));
  bytes += kEraseToEnd;
  bytes += kRestoreCursor;
  write(bytes);
}

void StatusLine::show_at_cursor(const std::string& text) {
  if (!usable_) return;
  if (shown_ == Shown::kLastRow) clear();
  std::string bytes(kStartOfLine);
  bytes += first_columns(text, room(size_of(descriptor_)));
  bytes += kEraseToEnd;
  bytes += kStartOfLine;
  write(bytes);
  shown_ = Shown::kAtCursor;
}

void StatusLine::clear() {
  if (shown_ == Shown::kAtCursor) write(std::string(kStartOfLine) + std::string(kEraseToEnd));
  if (shown_ == Shown::kLastRow) {
    std::string bytes(kSaveCursor);  // kWholeScreenScrolls moves the cursor
    bytes += kWholeScreenScrolls;
    // A full-screen program has its own text in that row by now.
    if (terminal_is_ours()) bytes += go_to_row(rows_) + std::string(kEraseToEnd);
    bytes += kRestoreCursor;
    write(bytes);
  }
  shown_ = Shown::kNowhere;
}

void StatusLine::start_line() {
  if (!usable_) return;
  clear();
  const unsigned columns = size_of(descriptor_).ws_col;
  if (columns < 2) return;
  // Where the cursor is cannot be asked without reading the program's input. A line of blanks, one short of full,
  // wraps unless it began at the start.
  write(std::string(columns - 1, ' ') + std::string(kStartOfLine) + std::string(kEraseToEnd));
}

bool StatusLine::terminal_is_ours() const {
  if (::tcgetpgrp(descriptor_) != ::getpgrp()) return false;
  termios settings{};
  return ::tcgetattr(descriptor_, &settings) == 0 && (settings.c_lflag & ICANON) != 0;
}

void StatusLine::take_last_row(unsigned rows) {
  std::string bytes(kLineDown);  // if the cursor is in the last row, its line moves up to make room
  bytes += kLineUp;
  bytes += kSaveCursor;
  bytes += "\033[1;" + std::to_string(rows - 1) + 'r';
  bytes += kRestoreCursor;
  write(bytes);
  shown_ = Shown::kLastRow;
  rows_ = rows;
}

/// In one write(), so that nothing of the program's comes between. SIGTTOU is held back: `stty tostop` would stop
/// memprof in the background, where it may have a line to take away.
void StatusLine::write(const std::string& bytes) const {
  sigset_t only, before;
  ::sigemptyset(&only);
  ::sigaddset(&only, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &only, &before);
  while (::write(descriptor_, bytes.data(), bytes.size()) < 0 && errno == EINTR) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace memprof::cli
