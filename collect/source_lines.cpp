#include "collect/source_lines.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace memprof::collect {
namespace {

constexpr std::uintmax_t kLargestSource = 16 << 20;

std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  std::error_code error;
  // Not a pipe or a device, which could block: the name comes out of the program's debug information.
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) > kLargestSource) {
    return lines;
  }
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

std::string_view SourceLines::line(std::string_view path, std::uint32_t number) {
  const auto [known, is_new] = files_.try_emplace(std::string(path));
  if (is_new && path.starts_with('/')) known->second = read_lines(known->first);
  if (number == 0 || number > known->second.size()) return {};
  return known->second[number - 1];
}

}  // namespace memprof::collect
