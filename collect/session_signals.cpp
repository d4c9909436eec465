#include "collect/session_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace memprof::collect {
namespace {

constexpr std::array kTaken{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP};

bool ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Result<SessionSignals> SessionSignals::take() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (int number : kTaken) {
    if (!ignored(number)) ::sigaddset(&taken, number);
  }
  UniqueFd descriptor(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) return failure(std::string("signals cannot be watched: ") + std::strerror(errno));
  sigset_t inherited;
  ::pthread_sigmask(SIG_BLOCK, &taken, &inherited);
  return SessionSignals(std::move(descriptor), inherited);
}

SessionSignals::~SessionSignals() {
  if (!descriptor_) return;
  while (next()) {
    // A signal of the last moment was meant for the session that is over now.
  }
  ::pthread_sigmask(SIG_SETMASK, &inherited_mask_, nullptr);
}

std::optional<ReceivedSignal> SessionSignals::next() {
  signalfd_siginfo info;
  if (::read(descriptor_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return ReceivedSignal{static_cast<int>(info.ssi_signo), static_cast<std::int32_t>(info.ssi_pid),
                        info.ssi_code == SI_KERNEL};
}

void SessionSignals::stop(int number) {
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, number);
  ::raise(number);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);  // stops here
  ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
}

}  // namespace memprof::collect
