#include "collect/control_server.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "collect/control_directory.hpp"

namespace memprof::collect {
namespace {

constexpr int kBacklog = 64;

void watch(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

bool is_ours(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

bool readable(int connection) {
  pollfd poll{connection, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

Result<ControlServer> ControlServer::listen() {
  // A memprof that ends takes the directory away when nothing is in it, perhaps just before our socket is.
  constexpr int kTries = 8;
  for (int left = kTries;; --left) {
    auto server = try_to_listen();
    if (server || errno != ENOENT || left == 1) return server;
  }
}

Result<ControlServer> ControlServer::try_to_listen() {
  auto directory = make_control_directory();
  if (!directory) return tl::unexpected(directory.error());
  const std::string pid = std::to_string(::getpid());
  const std::string path = *directory + '/' + pid + ".sock";
  // Clients take a socket that nobody listens on for that of a dead memprof: it gets its name once it is ready.
  const std::string unready = *directory + "/." + pid + ".new";
  ::unlink(unready.c_str());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, unready.c_str(), unready.size() + 1);
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!listener || !epoll || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0 || std::rename(unready.c_str(), path.c_str()) != 0) {
    const int error = errno;
    const std::string reason = std::strerror(error);
    ::unlink(unready.c_str());
    errno = error;
    return failure("the socket " + path + " cannot be opened: " + reason);
  }
  watch(epoll.get(), listener.get());
  return ControlServer(std::move(listener), std::move(epoll), path);
}

ControlServer::ControlServer(UniqueFd listener, UniqueFd epoll, std::string path)
    : listener_(std::move(listener)), epoll_(std::move(epoll)), path_(std::move(path)) {}

ControlServer::ControlServer(ControlServer&& other) noexcept
    : listener_(std::move(other.listener_)),
      epoll_(std::move(other.epoll_)),
      path_(std::exchange(other.path_, {})),
      pending_(std::move(other.pending_)) {}

ControlServer::~ControlServer() {
  if (path_.empty()) return;
  ::unlink(path_.c_str());
  ::rmdir(path_.substr(0, path_.rfind('/')).c_str());  // the last one; another memprof's socket keeps it
}

std::vector<ControlRequest> ControlServer::serve(Clock::time_point now) {
  accept_all(now);
  std::vector<ControlRequest> requests;
  for (auto pending = pending_.begin(); pending != pending_.end();) {
    const bool spoke = readable(pending->connection.get());
    if (!spoke && pending->deadline > now) {
      ++pending;
      continue;
    }
    // The answer's receiver must not find the connection watched by us: it is handed on.
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pending->connection.get(), nullptr);
    auto message = spoke ? receive_message(pending->connection.get()) : std::nullopt;
    if (message && !message->empty()) requests.push_back({std::move(*message), std::move(pending->connection)});
    pending = pending_.erase(pending);
  }
  return requests;
}

std::optional<ControlServer::Clock::time_point> ControlServer::deadline() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().deadline;
}

void ControlServer::accept_all(Clock::time_point now) {
  while (pending_.size() < kMostPending) {
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    if (!is_ours(connection.get())) continue;
    watch(epoll_.get(), connection.get());
    pending_.push_back({std::move(connection), now + kPatience});
  }
}

}  // namespace memprof::collect
