#pragma once
// Lines of source files, read when first needed.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace memprof::collect {

/// One thread.
class SourceLines {
 public:
  /// Line `number` from 1; empty where the file cannot be read or is shorter.
  std::string_view line(std::string_view path, std::uint32_t number);

 private:
  std::unordered_map<std::string, std::vector<std::string>> files_;
};

}  // namespace memprof::collect
