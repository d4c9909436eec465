#pragma once
// What the file of a program that is about to be started says about whether the library will be loaded in it. By
// system calls only: it is asked between vfork and exec.

#include "wire/handshake.hpp"

namespace memprof::preload {

/// Looks at the file as execveat(2) would find it, and at the interpreters of scripts. What cannot be read, or is no
/// program at all, is kNot: exec will say what is wrong with it.
wire::Unloadable look_at_program(int directory, const char* path, int flags);

/// The same for a name that is looked up in PATH when it has no slash; `found` gets where it is, or stays "".
wire::Unloadable look_in_path(const char* file, char* found, unsigned long capacity);

}  // namespace memprof::preload
