#pragma once
// What clients and a `memprof run` say to each other over the control socket: one message each way, a list of texts
// without NUL in them.
//
//   list                                              → done, then kProcessTexts + N texts of each process
//   snapshot PID NAME PATH DIRECTORY REPLACE          → done PATH NAME LIVE_BYTES LIVE_BLOCKS
//   anything that cannot be done                      → failed EXIT_STATUS WHAT HINT
//
// Numbers are decimal; REPLACE is 1 or 0.

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/unique_fd.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

using ControlMessage = std::vector<std::string>;

inline constexpr std::string_view kControlVersion = "memprof-control-1";  ///< every message begins with it
inline constexpr std::string_view kControlList = "list";
inline constexpr std::string_view kControlSnapshot = "snapshot";
inline constexpr std::string_view kControlDone = "done";
inline constexpr std::string_view kControlFailed = "failed";
/// A message fits the send buffer of a socket, so that sending never blocks.
inline constexpr std::size_t kControlLimit = 96 * 1024;

/// False: the other side is gone, or the message is longer than kControlLimit.
bool send_message(int connection, const ControlMessage& message);

/// Waits for nothing unless the connection is blocking. Nothing: gone, not yet, or not a message of our version.
std::optional<ControlMessage> receive_message(int connection);

ControlMessage failed_message(const Error& error);

template <typename Number>
std::optional<Number> control_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace memprof::collect
