#pragma once
// What `memprof run` told this process by its environment, copied once: the program may change its environment later,
// and hands other ones to the programs that it starts.

#include <cstddef>
#include <cstdint>

namespace memprof::preload {

struct Session {
  static constexpr std::size_t kLongestSocket = 108;  // sockaddr_un::sun_path
  static constexpr std::size_t kLongestList = 2048;
  static constexpr std::size_t kLongestPath = 4096;

  char socket[kLongestSocket];
  char only[kLongestList];     ///< wire::kOnlyVariable; "": every program is to be recorded
  char library[kLongestPath];  ///< as LD_PRELOAD names it; "": not known, then environments are left as they are
  bool follow;                 ///< what this process starts is to be recorded
  bool selected;               ///< this program is to be recorded
  std::uint32_t user;          ///< effective, when the library was loaded
  std::int32_t image_pid;      ///< the process that loaded the library; another one is a child of it by fork
};

extern Session g_session;

/// Fills in g_session but for the library. Idempotent; the first environment stays. False: there is no session.
bool find_session();

/// Fills in Session::library. To be called once, by the library's constructor.
void find_own_library();

}  // namespace memprof::preload
