#include "cli/run_command_signals.hpp"

#include <unistd.h>

#include <cerrno>

namespace memprof::cli {
namespace {

constexpr char kPatience[] = "memprof: the profile is being written; once more to give it up\n";

extern "C" void ask_for_patience(int) {
  const int saved = errno;
  if (::write(STDERR_FILENO, kPatience, sizeof kPatience - 1) < 0) {
    // Nobody reads it; then nobody misses it.
  }
  errno = saved;
}

extern "C" void do_nothing(int) {}

}  // namespace

WritingSignals::WritingSignals(bool quiet) {
  for (int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) {
    handle(number, quiet ? do_nothing : ask_for_patience, static_cast<int>(SA_RESETHAND));
  }
  for (int number : {SIGPIPE, SIGXFSZ}) handle(number, do_nothing, 0);
}

WritingSignals::~WritingSignals() {
  for (const Before& before : before_) {
    // When nobody reads stderr any more, the stream tries once more as memprof exits.
    if (before.number != SIGPIPE) ::sigaction(before.number, &before.action, nullptr);
  }
}

void WritingSignals::handle(int number, void (*handler)(int), int flags) {
  Before before{number, {}};
  if (::sigaction(number, nullptr, &before.action) != 0 || before.action.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags | SA_RESTART;
  ::sigaction(number, &action, nullptr);
  before_.push_back(before);
}

}  // namespace memprof::cli
