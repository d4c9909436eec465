#pragma once
// Emphasis on terminals that show it.

#include <string>

#include "cli/console.hpp"

namespace memprof::cli {

inline std::string bold(const std::string& text, const Terminal& terminal) {
  return terminal.colour ? "\x1b[1m" + text + "\x1b[0m" : text;
}

inline std::string dim(const std::string& text, const Terminal& terminal) {
  return terminal.colour ? "\x1b[2m" + text + "\x1b[0m" : text;
}

}  // namespace memprof::cli
