#pragma once
// How a process image and the collector meet: one Unix SOCK_SEQPACKET connection, one message each way, both
// descriptors closed afterwards. The Welcome carries the region's memfd as SCM_RIGHTS.
//
//   target                                   collector
//   connect(MEMPROF_SOCKET)   ──▶            accept, SO_PEERCRED: uid must be ours, pid is the kernel's word
//   Hello                     ──▶            pidfd, memfd, header filled in
//                             ◀──            Welcome (+ memfd)

#include <cstdint>

#include "wire/region.hpp"

namespace memprof::wire {

/// Path of the collector's socket. Set by `memprof run` together with LD_PRELOAD.
inline constexpr char kSocketVariable[] = "MEMPROF_SOCKET";
/// "0": programs that are started by the profiled one are not profiled.
inline constexpr char kFollowVariable[] = "MEMPROF_FOLLOW";
inline constexpr std::uint32_t kHelloMagic = 0x6f6c6c65;    // "ello"
inline constexpr std::uint32_t kWelcomeMagic = 0x636c6577;  // "welc"

enum class Origin : std::uint32_t {
  kExec = 0,  ///< the library was loaded by the dynamic loader
  kFork = 1,  ///< a child of fork or clone without exec: the parent's blocks live on in it
};

struct Hello {
  std::uint32_t magic;
  std::uint32_t wire_version;
  Origin origin;
  std::int32_t pid;         ///< as the target sees it, may differ from the collector's view
  std::int32_t parent_pid;  ///< likewise
  std::uint32_t page_bytes;
  std::uint64_t address_space_limit;  ///< RLIMIT_AS in bytes, UINT64_MAX: none; the collector shrinks the region to fit
};
static_assert(sizeof(Hello) == 32);

enum class Verdict : std::uint32_t {
  kRecord = 0,   ///< a memfd is attached
  kIgnore = 1,   ///< run on unprofiled, silently
  kVersion = 2,  ///< another wire version: run on unprofiled
};

struct Welcome {
  std::uint32_t magic;
  std::uint32_t wire_version;
  Verdict verdict;
  std::uint32_t reserved;
  std::uint64_t region_bytes;
};
static_assert(sizeof(Welcome) == 24);

}  // namespace memprof::wire
