#include "collect/handshake_server.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "collect/session_pidfd.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kShortestHello = 8;  // of any version: magic and version
constexpr int kBacklog = 4096;  // a fork server starts many children at once, and connect() waits when this is full

void watch(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

std::optional<ucred> credentials(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

bool hung_up(int connection) {
  pollfd poll{connection, 0, 0};
  return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLHUP | POLLERR)) != 0;
}

/// A pidfd that is certainly the peer's: its pid cannot have been given to another process while it keeps the
/// connection open.
UniqueFd open_process(const Peer& peer) {
  UniqueFd process = open_pidfd(peer.pid);
  if (process && hung_up(peer.connection.get())) process.reset();
  return process;
}

std::string name(pid_t pid) { return "process " + std::to_string(pid); }

}  // namespace

Result<HandshakeServer> HandshakeServer::listen(const std::string& path,
                                                std::function<void(const std::string&)> turned_away) {
  const std::string what = "the socket " + path + " cannot be opened: ";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failure(what + "its name is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener || ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    return failure(what + std::strerror(errno));
  }
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return failure(what + std::strerror(errno));
  watch(epoll.get(), listener.get());
  return HandshakeServer(std::move(listener), std::move(epoll), std::move(turned_away));
}

std::vector<Peer> HandshakeServer::serve(Clock::time_point now) {
  if (retry_ && now >= *retry_) retry_.reset();
  if (!retry_) accept_all(now);
  std::vector<Peer> peers;
  for (auto pending = pending_.begin(); pending != pending_.end();) {
    const Reading reading = read_message(*pending, peers);
    if (reading == Reading::kNotYet && pending->deadline > now) {
      ++pending;
      continue;
    }
    if (reading == Reading::kNotYet) turned_away_(name(pending->pid) + " connected and said nothing: turned away");
    pending = pending_.erase(pending);
  }
  listen_again(pending_.size() < kMostPending && !retry_);
  return peers;
}

std::optional<HandshakeServer::Clock::time_point> HandshakeServer::deadline() const {
  if (pending_.empty()) return retry_;
  const auto silent = pending_.front().deadline;
  return retry_ ? std::min(*retry_, silent) : silent;
}

void HandshakeServer::accept_all(Clock::time_point now) {
  while (pending_.size() < kMostPending) {
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // Out of descriptors or memory: the backlog keeps them until there are some again.
      if (errno != EAGAIN) retry_ = now + kRetry;
      return;
    }
    const auto peer = credentials(connection.get());
    if (!peer) continue;
    if (peer->uid != ::geteuid()) {
      turned_away_(name(peer->pid) + " of user " + std::to_string(peer->uid) + " connected: turned away");
      continue;
    }
    watch(epoll_.get(), connection.get());
    pending_.push_back({peer->pid, std::move(connection), now + kPatience});
  }
}

/// Stops watching the listener while nothing can be accepted, or the epoll would be readable without end.
void HandshakeServer::listen_again(bool yes) {
  if (yes == listening_) return;
  listening_ = yes;
  if (yes) {
    watch(epoll_.get(), listener_.get());
  } else {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
  }
}

HandshakeServer::Reading HandshakeServer::read_message(Pending& pending, std::vector<Peer>& peers) {
  // One byte more than there may be, so that a longer message is not taken for one of that size.
  char message[wire::kLongestNotice + 1];
  const ssize_t size = ::recv(pending.connection.get(), message, sizeof message, 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Reading::kNotYet : Reading::kOver;
  if (size == 0) return Reading::kOver;  // it changed its mind, or died
  const std::string_view text(message, static_cast<std::size_t>(size));
  return take_notice(pending.pid, text, peers.size()) ? Reading::kOver : take_hello(pending, text, peers);
}

HandshakeServer::Reading HandshakeServer::take_hello(Pending& pending, std::string_view message,
                                                     std::vector<Peer>& peers) {
  Peer peer;
  peer.pid = pending.pid;
  std::memcpy(&peer.hello, message.data(), std::min(message.size(), sizeof peer.hello));
  const bool greeting = message.size() >= kShortestHello && peer.hello.magic == wire::kHelloMagic;
  const bool ours = greeting && peer.hello.wire_version == wire::kWireVersion;
  if (!greeting || (ours && message.size() != sizeof(wire::Hello))) {
    turned_away_(name(pending.pid) + " connected and said something that is no greeting: turned away");
    return Reading::kOver;
  }
  // From here on closing `connection` ends the watch as well: nobody else has a copy of it.
  peer.connection = std::move(pending.connection);
  if (!ours) {
    answer(peer, wire::Verdict::kVersion);
    turned_away_(name(peer.pid) + " has a libmemprof.so of protocol version " +
                 std::to_string(peer.hello.wire_version) + ", this memprof has " + std::to_string(wire::kWireVersion) +
                 ": it runs unrecorded");
    return Reading::kOver;
  }
  peer.process = open_process(peer);
  if (!peer.process) return Reading::kOver;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, peer.connection.get(), nullptr);
  peers.push_back(std::move(peer));
  return Reading::kHello;
}

bool HandshakeServer::take_notice(pid_t pid, std::string_view message, std::size_t peers_before) {
  wire::Notice notice{};
  if (message.size() < sizeof notice) return false;
  std::memcpy(&notice, message.data(), sizeof notice);
  message.remove_prefix(sizeof notice);
  if (notice.magic != wire::kNoticeMagic || notice.wire_version != wire::kWireVersion) return false;
  if (std::size_t{notice.path_bytes} + notice.arguments_bytes != message.size()) return false;
  UnloadableProgram program;
  program.pid = pid;
  program.child = notice.child;
  program.reason = notice.reason;
  program.path = message.substr(0, notice.path_bytes);
  program.before = peers_before;
  message.remove_prefix(notice.path_bytes);
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\0'), message.size());
    program.command.emplace_back(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  notices_.push_back(std::move(program));
  return true;
}

bool answer(const Peer& peer, wire::Verdict verdict, std::uint64_t region_bytes, int descriptor) {
  wire::Welcome welcome{};
  welcome.magic = wire::kWelcomeMagic;
  welcome.wire_version = wire::kWireVersion;
  welcome.verdict = verdict;
  welcome.region_bytes = region_bytes;
  iovec data{&welcome, sizeof welcome};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  return ::sendmsg(peer.connection.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(sizeof welcome);
}

}  // namespace memprof::collect
