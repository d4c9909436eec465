#pragma once
// The side of the control socket that `memprof run` has: listens, turns other users away, reads each request. Nothing
// here blocks: a client that says nothing costs a descriptor until its time is up. One thread.

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "collect/control_message.hpp"
#include "collect/unique_fd.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

struct ControlRequest {
  ControlMessage message;  ///< not empty
  UniqueFd connection;     ///< for the answer
};

class ControlServer {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPatience{2000};  ///< from connection to request

  /// A socket named after this process in make_control_directory().
  [[nodiscard]] static Result<ControlServer> listen();
  /// Removes the socket.
  ~ControlServer();
  ControlServer(ControlServer&& other) noexcept;
  ControlServer& operator=(ControlServer&&) = delete;

  /// An epoll descriptor, readable when serve() has something to do.
  int descriptor() const { return epoll_.get(); }
  /// Accepts and reads what is there.
  [[nodiscard]] std::vector<ControlRequest> serve(Clock::time_point now = Clock::now());
  /// When serve() should be called even if nothing is readable.
  [[nodiscard]] std::optional<Clock::time_point> deadline() const;

  const std::string& path() const { return path_; }

 private:
  static constexpr std::size_t kMostPending = 64;

  struct Pending {
    UniqueFd connection;
    Clock::time_point deadline;
  };

  /// `errno` says why it failed.
  static Result<ControlServer> try_to_listen();
  ControlServer(UniqueFd listener, UniqueFd epoll, std::string path);
  void accept_all(Clock::time_point now);

  UniqueFd listener_, epoll_;
  std::string path_;
  std::list<Pending> pending_;  ///< by deadline
};

}  // namespace memprof::collect
