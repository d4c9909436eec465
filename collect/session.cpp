#include "collect/session.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "collect/control_server.hpp"
#include "collect/handshake_server.hpp"
#include "collect/launch.hpp"
#include "collect/session_directory.hpp"
#include "collect/session_images.hpp"
#include "collect/session_latecomers.hpp"
#include "collect/session_pidfd.hpp"
#include "collect/session_signals.hpp"
#include "collect/session_snapshots.hpp"

namespace memprof::collect {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kStatusInterval = 100ms;
constexpr auto kLatecomerInterval = 100ms;  // between two looks for them, once the program has ended
constexpr auto kLatecomerGrace = 300ms;     // for a process that has not loaded the library yet, if it ever will
constexpr auto kStragglerSilence = 1s;      // how long to wait without a word for what outlives the program
constexpr auto kStrangerInterval = 1s;      // between two looks for processes that became something else
constexpr auto kInterruptWindow = 5s;       // two Ctrl-C within it are meant for memprof, too
constexpr int kInterruptedStatus = 128 + SIGINT;

/// What an epoll event is about. Images come with their pid, so these lie outside of all pids.
enum Source : std::uint64_t { kHandshakes = 1ull << 32, kSignals, kMain, kControl };

/// An interpreter, a shell or an editor at its prompt reads keys one by one; Ctrl-C is then a key like others to its
/// user.
bool program_reads_keys() {
  termios settings{};
  for (int descriptor : {STDIN_FILENO, STDERR_FILENO}) {
    if (::tcgetattr(descriptor, &settings) == 0) return (settings.c_lflag & ICANON) == 0;
  }
  return false;
}

/// memprof needs descriptors for each process and large files in memory; the program got the limits as they were.
void lift_own_limits() {
  for (const auto resource : {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) continue;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(resource, &limit);
  }
}

class Session {
 public:
  static Result<SessionResult> run(const SessionOptions& options, const SessionObserver& observer);

 private:
  Session(const SessionOptions& options, const SessionObserver& observer, SessionSignals& signals,
          HandshakeServer& server, std::string library, std::string socket, UniqueFd epoll)
      : options_(options),
        observer_(observer),
        signals_(signals),
        server_(server),
        library_(std::move(library)),
        socket_(std::move(socket)),
        epoll_(std::move(epoll)),
        snapshots_(observer.snapshot),
        images_(options, epoll_.get(), observer, snapshots_) {}

  Result<void> start();
  void loop();
  SessionResult result();

  void watch(int descriptor, Source source);
  int milliseconds_to_next_task() const;
  void listen_to_clients();
  void serve_handshakes();
  void serve_clients();
  bool take_snapshot_on(const ReceivedSignal& signal);
  void handle_signals();
  void interrupt();
  void forward(const ReceivedSignal& signal);
  void handle_main_end();
  void do_timed_tasks();
  void look_for_latecomers(Clock::time_point now);
  void note_stragglers();
  bool over() const { return stop_waiting_ || (main_ended_ && images_.alive() + latecomers_ == 0); }

  const SessionOptions& options_;
  const SessionObserver& observer_;
  SessionSignals& signals_;
  HandshakeServer& server_;
  std::string library_, socket_;
  UniqueFd epoll_;
  SessionSnapshots snapshots_;
  SessionImages images_;  // its recorders bring snapshots until they are gone
  std::optional<ControlServer> control_;
  pid_t main_pid_ = 0;
  UniqueFd main_pidfd_;
  Clock::time_point start_, next_status_, next_look_, next_latecomer_look_, next_snapshot_, main_end_;
  std::optional<Clock::time_point> interrupted_at_;
  bool main_ended_ = false, stop_waiting_ = false, stragglers_noted_ = false;
  std::size_t latecomers_ = 0;  ///< processes that may yet say Hello, though the program has ended
  std::uint64_t highest_sum_ = 0;
  int exit_status_ = kInterruptedStatus;
};

Result<SessionResult> Session::run(const SessionOptions& options, const SessionObserver& observer) {
  if (!open_pidfd(::getpid())) {
    return failure(std::string("the ends of processes cannot be watched: ") + std::strerror(errno),
                   errno == ENOSYS ? "memprof needs Linux 5.3 or newer" : "check the limit of open files: `ulimit -n`");
  }
  auto directory = SessionDirectory::create();
  if (!directory) return tl::unexpected(directory.error());
  auto library = directory->preloadable(options.preload_library);
  if (!library) return tl::unexpected(library.error());
  auto server = HandshakeServer::listen(directory->socket_path(), observer.note);
  if (!server) return tl::unexpected(server.error());
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return failure(std::string("events cannot be watched: ") + std::strerror(errno));
  auto signals = SessionSignals::take();
  if (!signals) return tl::unexpected(signals.error());

  Session session(options, observer, *signals, *server, *library, directory->socket_path(), std::move(epoll));
  if (auto started = session.start(); !started) return tl::unexpected(started.error());
  session.loop();
  return session.result();
}

Result<void> Session::start() {
  watch(server_.descriptor(), kHandshakes);
  watch(signals_.descriptor(), kSignals);
  listen_to_clients();
  const auto pid =
      launch({options_.executable, options_.command,
              profiled_environment(options_.environment, library_, socket_, options_.follow_children, options_.only),
              signals_.inherited_mask()});
  if (!pid) return tl::unexpected(pid.error());
  start_ = Clock::now();
  next_status_ = start_ + kStatusInterval;
  next_look_ = start_ + kStrangerInterval;
  next_snapshot_ = start_ + options_.snapshot_every;
  main_pid_ = *pid;
  images_.set_main(main_pid_);
  lift_own_limits();
  // It stays at least a zombie until handle_main_end(), so the number is certainly its own.
  main_pidfd_ = open_pidfd(main_pid_);
  watch(main_pidfd_.get(), kMain);
  return {};
}

void Session::loop() {
  std::array<epoll_event, 64> events;
  while (!over()) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds_to_next_task());
    // Greetings first: a process may have said Hello and ended since the last look.
    serve_handshakes();
    serve_clients();
    for (int i = 0; i < count; ++i) {
      const std::uint64_t source = events[static_cast<std::size_t>(i)].data.u64;
      if (source == kSignals) handle_signals();
      if (source == kMain) handle_main_end();
      if (source < kHandshakes) images_.end(static_cast<pid_t>(source));
    }
    do_timed_tasks();
  }
}

SessionResult Session::result() {
  SessionResult result;
  result.exit_status = exit_status_;
  result.main_pid = main_pid_;
  result.interrupted = images_.alive() > 0;
  images_.abandon("recording was ended by the user while the process was still running");
  control_.reset();
  snapshots_.finish();
  result.main_process = images_.main_captured();
  result.processes = images_.take_captured();
  result.left_out = images_.main_left_out();
  result.tree = images_.take_tree();
  result.disposal = images_.take_disposal();
  if (!result.main_process) {
    result.unrecorded = images_.main_refusal().value_or(
        Error{"the library was not loaded in it, or could not reach memprof",
              "look for messages of the dynamic loader, which would begin with ERROR: ld.so"});
  }
  return result;
}

void Session::watch(int descriptor, Source source) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
}

int Session::milliseconds_to_next_task() const {
  Clock::time_point next = next_look_;
  if (observer_.status) next = std::min(next, next_status_);
  if (main_ended_) next = std::min(next, next_latecomer_look_);
  if (main_ended_ && !stragglers_noted_) next = std::min(next, main_end_ + kStragglerSilence);
  if (const auto deadline = server_.deadline()) next = std::min(next, *deadline);
  if (const auto deadline = control_ ? control_->deadline() : std::nullopt) next = std::min(next, *deadline);
  if (options_.snapshot_every.count() > 0) next = std::min(next, next_snapshot_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Session::serve_handshakes() {
  std::vector<Peer> peers = server_.serve();
  const std::vector<UnloadableProgram> notices = server_.take_notices();
  auto notice = notices.begin();
  for (std::size_t i = 0; i <= peers.size(); ++i) {
    for (; notice != notices.end() && notice->before == i; ++notice) images_.note_unloadable(*notice);
    if (i < peers.size()) images_.admit(std::move(peers[i]));
  }
}

/// Without a control socket the run goes on: it is only for asking.
void Session::listen_to_clients() {
  if (!observer_.snapshot) return;
  auto control = ControlServer::listen();
  if (!control) {
    observer_.note("`memprof ps` and `memprof snapshot` will not find this run: " + control.error().what);
    return;
  }
  control_.emplace(std::move(*control));
  watch(control_->descriptor(), kControl);
}

void Session::serve_clients() {
  if (!control_) return;
  for (ControlRequest& request : control_->serve()) {
    const std::string& word = request.message.front();
    if (word == kControlSnapshot) {
      images_.order_snapshot(std::move(request));
    } else if (word == kControlList) {
      send_message(request.connection.get(), images_.list());
    }
  }
}

bool Session::take_snapshot_on(const ReceivedSignal& signal) {
  if (options_.snapshot_signal == 0 || signal.number != options_.snapshot_signal) return false;
  images_.order_snapshots(SnapshotKind::kSignal);
  return true;
}

void Session::handle_signals() {
  while (const auto signal = signals_.next()) {
    if (take_snapshot_on(*signal)) continue;
    switch (signal->number) {
      case SIGTSTP:
        if (observer_.suspended) observer_.suspended();
        SessionSignals::stop(SIGTSTP);
        break;
      case SIGINT:
        forward(*signal);
        interrupt();
        break;
      case SIGTERM:
      case SIGHUP:
      case SIGQUIT:
        if (main_ended_) stop_waiting_ = true;
        forward(*signal);
        break;
      default:
        forward(*signal);
    }
  }
}

void Session::interrupt() {
  const auto now = Clock::now();
  if (main_ended_ || (interrupted_at_ && now - *interrupted_at_ < kInterruptWindow)) {
    stop_waiting_ = true;
  } else if (!program_reads_keys()) {
    interrupted_at_ = now;
  }
}

/// Passes on what was meant for the program: not what the terminal has already given to it, nor what it sent itself.
void Session::forward(const ReceivedSignal& signal) {
  if (main_ended_ || signal.from_terminal || signal.sender == main_pid_ || images_.recording(signal.sender)) return;
  ::kill(main_pid_, signal.number);
}

void Session::handle_main_end() {
  siginfo_t info{};
  // WNOWAIT: the recorder's last look at /proc still finds it there.
  if (::waitid(P_PID, static_cast<id_t>(main_pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return;
  const bool exited = info.si_code == CLD_EXITED;
  exit_status_ = exited ? info.si_status : 128 + info.si_status;
  images_.end_main({exited ? EndKind::kExited : EndKind::kSignalled, info.si_status});
  ::waitid(P_PID, static_cast<id_t>(main_pid_), &info, WEXITED);
  main_ended_ = true;
  main_end_ = Clock::now();
  main_pidfd_.reset();
  look_for_latecomers(main_end_);
}

void Session::look_for_latecomers(Clock::time_point now) {
  next_latecomer_look_ = now + kLatecomerInterval;
  latecomers_ = 0;
  if (!options_.follow_children) return;
  const auto recorded = [this](pid_t pid) { return images_.recording(pid); };
  for (const Latecomer& latecomer : find_latecomers(socket_, library_, main_pid_, recorded)) {
    if (latecomer.library_loaded || now - main_end_ < kLatecomerGrace) ++latecomers_;
  }
}

void Session::note_stragglers() {
  stragglers_noted_ = true;
  const std::size_t count = images_.alive() + latecomers_;
  const std::string names = images_.names_alive();
  observer_.note("the program has ended; waiting for " +
                 (count == 1 ? std::string("a process") : std::to_string(count) + " processes") +
                 " that it left running" + (names.empty() ? "" : ": " + names) + ". Ctrl-C ends the wait");
}

void Session::do_timed_tasks() {
  const auto now = Clock::now();
  if (main_ended_ && now >= next_latecomer_look_) look_for_latecomers(now);
  if (main_ended_ && !stragglers_noted_ && !over() && now - main_end_ >= kStragglerSilence) note_stragglers();
  if (now >= next_look_) {
    next_look_ = now + kStrangerInterval;
    images_.look_for_strangers();
  }
  if (options_.snapshot_every.count() > 0 && now >= next_snapshot_) {
    next_snapshot_ = std::max(next_snapshot_ + options_.snapshot_every, now);
    // What takes longer to write than the interval is written less often, rather than ever later.
    if (snapshots_.idle()) images_.order_snapshots(SnapshotKind::kInterval);
  }
  if (!observer_.status || now < next_status_) return;
  next_status_ = std::max(next_status_ + kStatusInterval, now);
  LiveStatus status;
  status.elapsed_s = std::chrono::duration<double>(now - start_).count();
  images_.add_to(status);
  highest_sum_ = std::max({highest_sum_, status.live_bytes, status.peak_bytes});
  status.peak_bytes = highest_sum_;
  status.interrupted = !main_ended_ && interrupted_at_ && now - *interrupted_at_ < kInterruptWindow;
  status.main_ended = main_ended_;
  observer_.status(status);
}

}  // namespace

Result<SessionResult> run_session(const SessionOptions& options, const SessionObserver& observer) {
  return Session::run(options, observer);
}

}  // namespace memprof::collect
