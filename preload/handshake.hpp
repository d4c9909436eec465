#pragma once
// The target's side of wire/handshake.hpp, by system calls only.

#include "preload/process.hpp"
#include "wire/handshake.hpp"

namespace memprof::preload {

/// Remembers the socket's path from the environment. Idempotent; the first path found stays, whatever the program does
/// to its environment later. False: this process is not to be profiled.
bool find_socket_path();

/// Connects, says Hello, maps the region. False: no collector, or it does not want this process.
bool connect_and_map(wire::Origin origin, Region& region);

}  // namespace memprof::preload
