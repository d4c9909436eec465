#include "preload/handshake.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "preload/session.hpp"
#include "preload/sys.hpp"
#include "wire/handshake.hpp"

namespace memprof::preload {
namespace {

struct Descriptor {
  long value;
  ~Descriptor() {
    if (value >= 0) sys::call(SYS_close, value);
  }
};

long connect_to_collector() {
  const long descriptor = sys::call(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return descriptor;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  static_assert(sizeof(address.sun_path) == Session::kLongestSocket);
  std::memcpy(address.sun_path, g_session.socket, sizeof(address.sun_path));
  constexpr long kInterrupted = -4;  // -EINTR
  long result;
  do {
    result = sys::call(SYS_connect, descriptor, sys::as_long(&address), sizeof(address));
  } while (result == kInterrupted);
  if (result == 0) return descriptor;
  sys::call(SYS_close, descriptor);
  return result;
}

bool send_hello(long socket, wire::Origin origin, wire::Wish wish, std::int32_t forked_from) {
  wire::Hello hello{};
  hello.magic = wire::kHelloMagic;
  hello.wire_version = wire::kWireVersion;
  hello.origin = origin;
  hello.wish = wish;
  hello.forked_from = forked_from;
  hello.pid = sys::process_id();
  hello.parent_pid = static_cast<std::int32_t>(sys::call(SYS_getppid));
  hello.page_bytes = wire::kPage;
  rlimit limit{};
  const long known = sys::call(SYS_prlimit64, 0, RLIMIT_AS, 0, sys::as_long(&limit));
  hello.address_space_limit = known == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : UINT64_MAX;
  return sys::call(SYS_sendto, socket, sys::as_long(&hello), sizeof(hello), MSG_NOSIGNAL) == sizeof(hello);
}

/// The memfd that came with the Welcome, or -1.
long receive_welcome(long socket, wire::Welcome& welcome) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec data{&welcome, sizeof(welcome)};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  constexpr long kInterrupted = -4;
  long got;
  do {
    got = sys::call(SYS_recvmsg, socket, sys::as_long(&message), MSG_CMSG_CLOEXEC);
  } while (got == kInterrupted);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  int descriptor = -1;
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof(int))) {
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
  }
  const bool usable = got == sizeof(welcome) && welcome.magic == wire::kWelcomeMagic &&
                      welcome.wire_version == wire::kWireVersion && welcome.verdict == wire::Verdict::kRecord;
  if (usable || descriptor < 0) return usable ? descriptor : -1;
  sys::call(SYS_close, descriptor);
  return -1;
}

bool map_region(long descriptor, std::uint64_t bytes, Region& region) {
  if (bytes < sizeof(wire::Header)) return false;
  const long result = sys::call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_NORESERVE, descriptor, 0);
  if (result < 0 && result > -4096) return false;
  auto* const base = reinterpret_cast<char*>(result);
  auto* const header = reinterpret_cast<wire::Header*>(base);
  if (header->magic != wire::kRegionMagic || header->wire_version != wire::kWireVersion ||
      header->region_bytes != bytes) {
    sys::unmap(base, bytes);
    return false;
  }
  sys::advise(base, bytes, MADV_DONTDUMP);  // a core dump is the program's memory, not our rings
  region.header = header;
  region.rings = reinterpret_cast<wire::RingHeader*>(base + header->rings_offset);
  region.modules = reinterpret_cast<wire::ModuleRecord*>(base + header->modules_offset);
  region.paths = base + header->paths_offset;
  region.answers = base + header->answers_offset;
  region.nodes = reinterpret_cast<wire::StackNode*>(base + header->nodes_offset);
  region.records = reinterpret_cast<wire::Record*>(base + header->records_offset);
  region.region_bytes = bytes;
  region.ring_count = header->ring_count;
  region.ring_records = header->ring_records;
  region.module_capacity = header->module_capacity;
  region.path_bytes = header->path_bytes;
  region.node_capacity = header->node_capacity;
  region.max_depth = header->max_depth;
  region.drop_when_full = header->full_ring == wire::FullRing::kDrop;
  region.tsc = header->clock_source == wire::ClockSource::kTsc;
  region.clock_base = header->clock_base;
  return true;
}

}  // namespace

bool connect_and_map(wire::Origin origin, std::int32_t forked_from, Region& region) {
  const Descriptor socket{connect_to_collector()};
  if (socket.value < 0 || !send_hello(socket.value, origin, wire::Wish::kRecord, forked_from)) return false;
  wire::Welcome welcome{};
  const Descriptor memory{receive_welcome(socket.value, welcome)};
  return memory.value >= 0 && map_region(memory.value, welcome.region_bytes, region);
}

void connect_to_be_listed() {
  const Descriptor socket{connect_to_collector()};
  if (socket.value < 0 || !send_hello(socket.value, wire::Origin::kExec, wire::Wish::kList, 0)) return;
  // Once it has answered, the collector has seen this process alive.
  wire::Welcome welcome{};
  const Descriptor none{receive_welcome(socket.value, welcome)};
}

void send_notice(wire::Unloadable reason, std::int32_t child, const char* path, char* const* arguments) {
  constexpr std::size_t kMostParts = 32;
  wire::Notice notice{wire::kNoticeMagic, wire::kWireVersion, reason, child, 0, 0};
  iovec parts[kMostParts];
  parts[0] = {&notice, sizeof(notice)};
  parts[1] = {const_cast<char*>(path), std::strlen(path)};
  std::size_t count = 2, bytes = sizeof(notice) + parts[1].iov_len;
  if (bytes > wire::kLongestNotice) return;
  notice.path_bytes = static_cast<std::uint32_t>(parts[1].iov_len);
  for (; arguments != nullptr && *arguments != nullptr && count < kMostParts; ++arguments, ++count) {
    parts[count] = {*arguments, std::strlen(*arguments) + 1};
    bytes += parts[count].iov_len;
    if (bytes > wire::kLongestNotice) break;
    notice.arguments_bytes += static_cast<std::uint32_t>(parts[count].iov_len);
  }
  const Descriptor socket{connect_to_collector()};
  if (socket.value < 0) return;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  sys::call(SYS_sendmsg, socket.value, sys::as_long(&message), MSG_NOSIGNAL);
}

}  // namespace memprof::preload
