#pragma once
// For commands that start programs.

namespace memprof::cli {

/// A shell may start us with a standard stream closed. Its number must not go to a socket of ours that a later message
/// would be written into. The program still finds it closed.
void occupy_standard_streams();

}  // namespace memprof::cli
