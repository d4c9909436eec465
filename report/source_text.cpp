#include "report/source_text.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

#include "report/source_scanner.hpp"

namespace memprof::report {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestSource = 64 << 20;  // amalgamations reach 10 MB

std::vector<std::string> split_lines(std::istream& in) {
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(in, line)) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::int64_t unix_ms(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::optional<SourceFile> read_source(const fs::path& path) {
  std::error_code error;
  // A FIFO or device of that name would hang us.
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kLargestSource) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return SourceFile{path.string(), split_lines(in), unix_ms(path)};
}

std::optional<SourceFile> find_below(const std::string& directory, const std::string& recorded) {
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t start = recorded.find_first_not_of('/', at);
    if (start == std::string::npos) break;
    if (auto found = read_source(fs::path(directory) / recorded.substr(start))) return found;
    at = recorded.find('/', start);
  }
  return std::nullopt;
}

}  // namespace

const SourceFile* SourceFiles::find(const std::string& recorded_path) {
  const auto [entry, inserted] = files_.try_emplace(recorded_path);
  std::optional<SourceFile>& file = entry->second;
  if (inserted && !recorded_path.empty()) {
    file = read_source(recorded_path);
    for (auto directory = directories_.begin(); !file && directory != directories_.end(); ++directory) {
      file = find_below(*directory, recorded_path);
    }
  }
  return file ? &*file : nullptr;
}

std::uint32_t find_block_end(const std::vector<std::string>& lines, std::uint32_t first_line,
                             std::uint32_t last_known_line) {
  SourceScanner scanner(lines, first_line);
  int braces = 0, parentheses = 0;
  bool in_body = false;
  std::uint32_t end = 0;  // of the last complete block
  while (const char c = scanner.next()) {
    if (c == '(' || c == '[') ++parentheses;
    if ((c == ')' || c == ']') && parentheses > 0) --parentheses;
    if (braces == 0 && in_body) {
      // After a block: a constructor's next initialiser ("a{1}, b{2} {") or its body goes on with the function.
      const bool goes_on = c == ',' || c == '{';
      if (!goes_on && end >= last_known_line) return end;
      in_body = false;
    }
    if (braces == 0 && parentheses == 0 && c == ';' && end == 0 && scanner.line() >= last_known_line) break;
    if (c == '{' && (braces > 0 || parentheses == 0)) {
      ++braces;
    } else if (c == '}' && braces > 0 && --braces == 0) {
      in_body = true;
      end = scanner.line();
    }
  }
  return end >= last_known_line ? end : last_known_line;
}

bool is_closing_line(const std::string& line) {
  const std::vector<std::string> lines = {line};
  SourceScanner scanner(lines, 1);
  bool closes = false;
  while (const char c = scanner.next()) {
    if (c == '}') {
      closes = true;
    } else if (c != ')' && c != ';' && c != ',') {
      return false;
    }
  }
  return closes;
}

}  // namespace memprof::report
