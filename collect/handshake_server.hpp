#pragma once
// The collector's side of wire/handshake.hpp: listens, tells peers of ours from strangers, reads each Hello.
//
// Nothing here blocks: a peer that connects and stays silent costs a descriptor until its time is up. One thread.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/unique_fd.hpp"
#include "profile/result.hpp"
#include "wire/handshake.hpp"

namespace memprof::collect {

/// A process image that wants to be recorded, and waits for the answer.
struct Peer {
  pid_t pid = 0;     ///< in memprof's pid namespace, the kernel's word
  UniqueFd process;  ///< pidfd: readable when the process has ended
  wire::Hello hello{};
  UniqueFd connection;
};

/// A program that is being started without the library in it, as wire::Notice has it.
struct UnloadableProgram {
  pid_t pid = 0;    ///< of the process that tells it, the kernel's word
  pid_t child = 0;  ///< as the process sees it; 0: it is to become the program itself
  wire::Unloadable reason = wire::Unloadable::kNot;
  std::string path;
  std::vector<std::string> command;
  std::size_t before = 0;  ///< how many of the peers of the same look said Hello before this
};

class HandshakeServer {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPatience{2000};  ///< from connection to Hello
  static constexpr std::chrono::milliseconds kRetry{50};       ///< after running out of descriptors
  static constexpr std::size_t kMostPending = 256;  ///< connections without a Hello; more wait in the backlog

  /// `turned_away` gets a sentence for each peer that was refused.
  [[nodiscard]] static Result<HandshakeServer> listen(const std::string& path,
                                                      std::function<void(const std::string&)> turned_away);

  /// Readable when serve() has something to do; for poll or epoll.
  int descriptor() const { return epoll_.get(); }

  /// Accepts, reads and refuses whatever is ready now; returns those that said a proper Hello of our wire version.
  [[nodiscard]] std::vector<Peer> serve(Clock::time_point now = Clock::now());

  /// What was told during the latest serve(), in order.
  [[nodiscard]] std::vector<UnloadableProgram> take_notices() { return std::exchange(notices_, {}); }

  /// When serve() should be called next even if nothing is readable: to drop a silent peer, or to try again.
  std::optional<Clock::time_point> deadline() const;

 private:
  struct Pending {
    pid_t pid;
    UniqueFd connection;
    Clock::time_point deadline;
  };
  enum class Reading { kHello, kNotYet, kOver };

  HandshakeServer(UniqueFd listener, UniqueFd epoll, std::function<void(const std::string&)> turned_away)
      : listener_(std::move(listener)), epoll_(std::move(epoll)), turned_away_(std::move(turned_away)) {}

  void accept_all(Clock::time_point now);
  void listen_again(bool yes);
  Reading read_message(Pending& pending, std::vector<Peer>& peers);
  Reading take_hello(Pending& pending, std::string_view message, std::vector<Peer>& peers);
  /// False: it is no notice.
  bool take_notice(pid_t pid, std::string_view message, std::size_t peers_before);

  UniqueFd listener_, epoll_;
  bool listening_ = true;
  std::optional<Clock::time_point> retry_;  ///< no connection is accepted before
  std::list<Pending> pending_;              ///< by deadline
  std::vector<UnloadableProgram> notices_;
  std::function<void(const std::string&)> turned_away_;
};

/// Answers a peer: `descriptor` (the region's memfd) goes along with Verdict::kRecord, -1 otherwise. False: it is gone.
bool answer(const Peer& peer, wire::Verdict verdict, std::uint64_t region_bytes = 0, int descriptor = -1);

}  // namespace memprof::collect
