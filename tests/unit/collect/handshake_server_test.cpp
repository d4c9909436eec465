// The collector's side of the handshake, against peers that behave and peers that do not.

#include "collect/handshake_server.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "tests/catch.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::collect {
namespace {

using Catch::Contains;
using Clock = HandshakeServer::Clock;

wire::Hello proper_hello() {
  wire::Hello hello{};
  hello.magic = wire::kHelloMagic;
  hello.wire_version = wire::kWireVersion;
  hello.pid = ::getpid();
  hello.page_bytes = wire::kPage;
  hello.address_space_limit = UINT64_MAX;
  return hello;
}

UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return socket;
}

bool readable(int descriptor) {
  pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

/// The peer's view of the end of a connection.
bool closed(const UniqueFd& socket) {
  char byte;
  return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

struct Answer {
  wire::Welcome welcome{};
  UniqueFd descriptor;
};

std::optional<Answer> receive(const UniqueFd& socket) {
  Answer answer;
  iovec data{&answer.welcome, sizeof answer.welcome};
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(socket.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof answer.welcome) return std::nullopt;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    answer.descriptor = UniqueFd(descriptor);
  }
  return answer;
}

struct Fixture {
  test::TemporaryDirectory directory;
  std::string path = directory.file("socket");
  std::vector<std::string> turned_away;
  HandshakeServer server = open_server();

  HandshakeServer open_server() {
    auto opened =
        HandshakeServer::listen(path, [this](const std::string& sentence) { turned_away.push_back(sentence); });
    if (!opened) throw std::runtime_error(opened.error().what);
    return std::move(*opened);
  }

  UniqueFd peer_saying(const void* bytes, std::size_t size) {
    UniqueFd socket = connect_to(path);
    REQUIRE(socket);
    REQUIRE(::send(socket.get(), bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size));
    return socket;
  }
  UniqueFd peer_saying(const wire::Hello& hello) { return peer_saying(&hello, sizeof hello); }
};

TEST_CASE_METHOD(Fixture, "a process that says Hello is known by the kernel's word and gets its memory") {
  CHECK_FALSE(readable(server.descriptor()));
  wire::Hello hello = proper_hello();
  hello.pid = 1;  // as seen in a pid namespace of its own; not to be trusted
  hello.origin = wire::Origin::kFork;
  const UniqueFd socket = peer_saying(hello);
  CHECK(readable(server.descriptor()));

  std::vector<Peer> peers = server.serve();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].pid == ::getpid());
  CHECK(peers[0].hello.origin == wire::Origin::kFork);
  CHECK_FALSE(readable(peers[0].process.get()));  // we live
  CHECK_FALSE(readable(server.descriptor()));

  UniqueFd memory(::memfd_create("memprof-test", MFD_CLOEXEC));
  REQUIRE(::ftruncate(memory.get(), 12345) == 0);
  CHECK(answer(peers[0], wire::Verdict::kRecord, 12345, memory.get()));
  const auto received = receive(socket);
  REQUIRE(received);
  CHECK(received->welcome.magic == wire::kWelcomeMagic);
  CHECK(received->welcome.wire_version == wire::kWireVersion);
  CHECK(received->welcome.verdict == wire::Verdict::kRecord);
  CHECK(received->welcome.region_bytes == 12345);
  struct stat status {};
  REQUIRE(::fstat(received->descriptor.get(), &status) == 0);
  CHECK(status.st_size == 12345);
  peers.clear();
  CHECK(closed(socket));
  CHECK(turned_away.empty());
}

TEST_CASE_METHOD(Fixture, "a refusal carries no descriptor") {
  const UniqueFd socket = peer_saying(proper_hello());
  const std::vector<Peer> peers = server.serve();
  REQUIRE(peers.size() == 1);
  CHECK(answer(peers[0], wire::Verdict::kIgnore));
  const auto received = receive(socket);
  REQUIRE(received);
  CHECK(received->welcome.verdict == wire::Verdict::kIgnore);
  CHECK_FALSE(received->descriptor);
}

TEST_CASE_METHOD(Fixture, "many peers at once are all served") {
  constexpr std::size_t kPeers = HandshakeServer::kMostPending + 50;
  std::vector<UniqueFd> sockets;
  for (std::size_t i = 0; i < kPeers; ++i) sockets.push_back(peer_saying(proper_hello()));
  std::size_t served = 0;
  while (readable(server.descriptor())) served += server.serve().size();
  CHECK(served == kPeers);
}

TEST_CASE_METHOD(Fixture, "a full house of silent peers delays the others, but not for ever") {
  const auto start = Clock::now();
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < HandshakeServer::kMostPending; ++i) silent.push_back(connect_to(path));
  CHECK(server.serve(start).empty());
  const UniqueFd late = peer_saying(proper_hello());
  CHECK_FALSE(readable(server.descriptor()));  // nothing to do but wait: no busy loop
  CHECK(server.serve(start).empty());
  CHECK(server.serve(start + HandshakeServer::kPatience).empty());
  CHECK(readable(server.descriptor()));
  CHECK(server.serve(start + HandshakeServer::kPatience).size() == 1);
  CHECK(turned_away.size() == HandshakeServer::kMostPending);
}

TEST_CASE_METHOD(Fixture, "out of descriptors, the server neither spins nor forgets who waits") {
  const UniqueFd waiting = peer_saying(proper_hello());
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 3;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto start = Clock::now();
  const bool served = !server.serve(start).empty();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(served);
  CHECK_FALSE(readable(server.descriptor()));
  REQUIRE(server.deadline());
  CHECK(*server.deadline() == start + HandshakeServer::kRetry);
  CHECK(server.serve(*server.deadline()).size() == 1);
}

TEST_CASE_METHOD(Fixture, "a silent peer is turned away when its time is up") {
  const auto start = Clock::now();
  const UniqueFd silent = connect_to(path);
  CHECK(server.serve(start).empty());
  REQUIRE(server.deadline());
  CHECK(*server.deadline() == start + HandshakeServer::kPatience);
  const UniqueFd other = peer_saying(proper_hello());
  CHECK(server.serve(start).size() == 1);  // it does not hold up others
  CHECK(turned_away.empty());
  CHECK(server.serve(*server.deadline()).empty());
  CHECK(closed(silent));
  CHECK_FALSE(server.deadline());
  REQUIRE(turned_away.size() == 1);
  CHECK_THAT(turned_away[0], Contains("said nothing") && Contains(std::to_string(::getpid())));
}

TEST_CASE_METHOD(Fixture, "a peer that hangs up without a word is forgotten silently") {
  connect_to(path);
  CHECK(server.serve().empty());
  CHECK(turned_away.empty());
  CHECK_FALSE(server.deadline());
}

std::string notice_of(const std::string& path, const std::string& arguments, std::uint32_t more_bytes = 0) {
  wire::Notice notice{wire::kNoticeMagic, wire::kWireVersion, wire::Unloadable::kStatic, 77, 0, 0};
  notice.path_bytes = static_cast<std::uint32_t>(path.size());
  notice.arguments_bytes = static_cast<std::uint32_t>(arguments.size()) + more_bytes;
  return std::string(reinterpret_cast<const char*>(&notice), sizeof notice) + path + arguments;
}

TEST_CASE_METHOD(Fixture, "a program without the library is told of, in its turn among the greetings") {
  const UniqueFd first = peer_saying(proper_hello());
  const std::string notice = notice_of("/bin/busybox", std::string("busybox\0sh\0", 11));
  peer_saying(notice.data(), notice.size());
  const UniqueFd second = peer_saying(proper_hello());
  CHECK(server.serve().size() == 2);
  const std::vector<UnloadableProgram> programs = server.take_notices();
  REQUIRE(programs.size() == 1);
  CHECK(programs[0].pid == ::getpid());
  CHECK(programs[0].child == 77);
  CHECK(programs[0].reason == wire::Unloadable::kStatic);
  CHECK(programs[0].path == "/bin/busybox");
  CHECK(programs[0].command == std::vector<std::string>{"busybox", "sh"});
  CHECK(programs[0].before == 1);
  CHECK(server.take_notices().empty());
  CHECK(turned_away.empty());
}

TEST_CASE_METHOD(Fixture, "a notice whose lengths do not add up is turned away") {
  const auto more = GENERATE(std::uint32_t{1}, std::uint32_t{0xffff'ffff}, std::uint32_t{4096});
  const std::string notice = notice_of("/bin/busybox", "busybox", more);
  peer_saying(notice.data(), notice.size());
  CHECK(server.serve().empty());
  CHECK(server.take_notices().empty());
  REQUIRE(turned_away.size() == 1);
  CHECK_THAT(turned_away[0], Contains("no greeting"));
}

TEST_CASE_METHOD(Fixture, "what is no greeting is turned away") {
  wire::Hello hello = proper_hello();
  UniqueFd socket;
  SECTION("another magic") {
    hello.magic ^= 1;
    socket = peer_saying(hello);
  }
  SECTION("too short") { socket = peer_saying(&hello, sizeof hello - 1); }
  SECTION("too long") {
    unsigned char longer[sizeof hello + 1] = {};
    std::memcpy(longer, &hello, sizeof hello);
    socket = peer_saying(longer, sizeof longer);
  }
  SECTION("much too long") {
    const std::vector<unsigned char> garbage(60'000, 0x5a);
    socket = peer_saying(garbage.data(), garbage.size());
  }
  CHECK(server.serve().empty());
  CHECK_FALSE(receive(socket));
  REQUIRE(turned_away.size() == 1);
  CHECK_THAT(turned_away[0], Contains("no greeting"));
}

TEST_CASE_METHOD(Fixture, "a library of another wire version is told so") {
  wire::Hello hello = proper_hello();
  hello.wire_version = wire::kWireVersion + 1;
  const UniqueFd socket = peer_saying(hello);
  CHECK(server.serve().empty());
  const auto received = receive(socket);
  REQUIRE(received);
  CHECK(received->welcome.verdict == wire::Verdict::kVersion);
  CHECK(received->welcome.wire_version == wire::kWireVersion);
  REQUIRE(turned_away.size() == 1);
  CHECK_THAT(turned_away[0], Contains("version " + std::to_string(wire::kWireVersion + 1)));
}

TEST_CASE_METHOD(Fixture, "a process that is gone before its Hello is read is no peer") {
  const pid_t child = ::fork();
  if (child == 0) {
    const UniqueFd socket = connect_to(path);
    const wire::Hello hello = proper_hello();
    ::_exit(::send(socket.get(), &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(server.serve().empty());
}

TEST_CASE_METHOD(Fixture, "another user's process is turned away") {
  if (::geteuid() != 0) {
    WARN("not tested: it takes root to become another user");
    return;
  }
  // The directory would keep it out; this tests the door behind it.
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(path.c_str(), 0777) == 0);
  constexpr uid_t kNobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    const UniqueFd socket = connect_to(path);
    const wire::Hello hello = proper_hello();
    ::_exit(::send(socket.get(), &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(server.serve().empty());
  REQUIRE(turned_away.size() == 1);
  CHECK_THAT(turned_away[0], Contains("user 65534"));
}

TEST_CASE("a socket that cannot be made is an error with its path") {
  const auto nothing = [](const std::string&) {};
  const auto server = HandshakeServer::listen("/no/such/directory/socket", nothing);
  REQUIRE_FALSE(server);
  CHECK_THAT(server.error().what, Contains("/no/such/directory/socket"));
  CHECK_FALSE(HandshakeServer::listen(std::string(200, 'x'), nothing));
}

}  // namespace
}  // namespace memprof::collect
