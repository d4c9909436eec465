#include "collect/snapshot_order.hpp"

#include <algorithm>

namespace memprof::collect {

std::string snapshot_name_problem(const std::string& name) {
  constexpr std::size_t kLongest = 100;  // of the 255 that a file's name may have, program and pid take some
  if (name.empty()) return "it is empty";
  if (name.size() > kLongest) return "it is longer than " + std::to_string(kLongest) + " characters";
  if (name.find('/') != std::string::npos) return "it holds a slash, and a name is no path";
  if (name.front() == '.') return "it begins with a dot";
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return "it holds a control character";
  return {};
}

}  // namespace memprof::collect
