#pragma once
// How a process image and the collector meet: one Unix SOCK_SEQPACKET connection, one message each way, both
// descriptors closed afterwards. The Welcome carries the region's memfd as SCM_RIGHTS.
//
//   target                                   collector
//   connect(MEMPROF_SOCKET)   ──▶            accept, SO_PEERCRED: uid must be ours, pid is the kernel's word
//   Hello                     ──▶            pidfd, memfd, header filled in
//                             ◀──            Welcome (+ memfd)
//
// A process that starts a program in which the library will not be loaded says so instead: Notice, path, arguments in
// one message, to which there is no answer.

#include <cstdint>

#include "wire/region.hpp"

namespace memprof::wire {

/// Path of the collector's socket. Set by `memprof run` together with LD_PRELOAD.
inline constexpr char kSocketVariable[] = "MEMPROF_SOCKET";
/// "0": programs that are started by the profiled one are not profiled.
inline constexpr char kFollowVariable[] = "MEMPROF_FOLLOW";
/// Patterns separated by ":". A program whose name matches none of them is listed, not recorded; what it starts is
/// treated by its own name. "*" is any text and "?" one character; a pattern with a "/" is for the whole path of the
/// executable.
inline constexpr char kOnlyVariable[] = "MEMPROF_ONLY";
inline constexpr std::uint32_t kHelloMagic = 0x6f6c6c65;    // "ello"
inline constexpr std::uint32_t kWelcomeMagic = 0x636c6577;  // "welc"
inline constexpr std::uint32_t kNoticeMagic = 0x69746f6e;   // "noti"

enum class Origin : std::uint32_t {
  kExec = 0,  ///< the library was loaded by the dynamic loader
  kFork = 1,  ///< a child of fork or clone without exec: the parent's blocks live on in it
};

enum class Wish : std::uint32_t {
  kRecord = 0,  ///< a region
  kList = 1,    ///< no region (MEMPROF_ONLY): it is only to be known that there is such a process
};

struct Hello {
  std::uint32_t magic;
  std::uint32_t wire_version;
  Origin origin;
  std::int32_t pid;         ///< as the target sees it, may differ from the collector's view
  std::int32_t parent_pid;  ///< likewise
  std::uint32_t page_bytes;
  std::uint64_t address_space_limit;  ///< RLIMIT_AS in bytes, UINT64_MAX: none; the collector shrinks the region to fit
  Wish wish;
  std::int32_t forked_from;  ///< Origin::kFork: the nearest process before it that has said Hello, else 0
};
static_assert(sizeof(Hello) == 40);

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

/// Why the library is not loaded in a program, as seen in its file.
enum class Unloadable : std::uint32_t {
  kNot = 0,           ///< it is, as far as can be told
  kOtherMachine = 1,  ///< 32 bits, or another processor; the library was taken out of its LD_PRELOAD
  kStatic = 2,        ///< no dynamic loader takes part in its start
  kPrivileged = 3,    ///< setuid, setgid or file capabilities: the loader loads nothing on the user's word
};

struct Notice {
  std::uint32_t magic;
  std::uint32_t wire_version;
  Unloadable reason;
  std::int32_t child;  ///< pid as the sender sees it; 0: the sender itself is about to become the program
  std::uint32_t path_bytes;
  std::uint32_t arguments_bytes;  ///< each argument with its zero
};
static_assert(sizeof(Notice) == 24);
inline constexpr std::uint32_t kLongestNotice = 8192;  ///< bytes, path and arguments included

}  // namespace memprof::wire
