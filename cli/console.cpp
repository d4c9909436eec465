#include "cli/console.hpp"

#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace memprof::cli {
namespace {

constexpr unsigned kUsualWidth = 80;
constexpr unsigned kNarrowest = 20;  // below, tables are unreadable whatever one does

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

unsigned width_from_environment() {
  unsigned width = 0;
  for (const char c : environment("COLUMNS")) {
    if (c < '0' || c > '9' || width > 100'000) return 0;
    width = width * 10 + static_cast<unsigned>(c - '0');
  }
  return width;
}

}  // namespace

Terminal look_at_terminal(int descriptor) {
  Terminal terminal;
  terminal.interactive = isatty(descriptor) == 1;
  terminal.colour = terminal.interactive && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  terminal.width = width_from_environment();
  if (terminal.width == 0 && terminal.interactive) {
    winsize size{};
    const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    terminal.width = known ? size.ws_col : kUsualWidth;
  }
  if (terminal.width > 0 && terminal.width < kNarrowest) terminal.width = kNarrowest;
  return terminal;
}

}  // namespace memprof::cli
