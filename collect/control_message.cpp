#include "collect/control_message.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace memprof::collect {

bool send_message(int connection, const ControlMessage& message) {
  std::string bytes(kControlVersion);
  for (const std::string& text : message) bytes += '\0' + text;
  if (bytes.size() > kControlLimit) return false;
  ssize_t sent;
  do {
    sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

std::optional<ControlMessage> receive_message(int connection) {
  std::string bytes(kControlLimit, '\0');
  ssize_t got;
  do {
    got = ::recv(connection, bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  ControlMessage message;
  std::size_t start = 0;
  for (std::size_t end = 0; end != std::string::npos; start = end + 1) {
    end = bytes.find('\0', start);
    message.push_back(bytes.substr(start, end == std::string::npos ? end : end - start));
  }
  if (message.front() != kControlVersion) return std::nullopt;
  message.erase(message.begin());
  return message;
}

ControlMessage failed_message(const Error& error) {
  return {std::string(kControlFailed), std::to_string(static_cast<int>(error.code)), error.what, error.hint};
}

}  // namespace memprof::collect
