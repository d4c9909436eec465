#pragma once
// The target's side of wire/handshake.hpp, by system calls only.

#include "preload/process.hpp"
#include "wire/handshake.hpp"

namespace memprof::preload {

/// Connects, says Hello, maps the region. False: no collector, or it does not want this process. `forked_from` as in
/// wire::Hello.
bool connect_and_map(wire::Origin origin, std::int32_t forked_from, Region& region);

/// Connects and says Hello without asking for a region.
void connect_to_be_listed();

/// Tells the collector of a program without the library; `child` as in wire::Notice. Takes no lock and no memory, so
/// it may be called in a child of vfork.
void send_notice(wire::Unloadable reason, std::int32_t child, const char* path, char* const* arguments);

}  // namespace memprof::preload
