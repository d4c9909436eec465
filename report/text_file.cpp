#include "report/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace memprof::report {

Result<std::string> read_text_file(const std::string& path, const std::string& what) {
  const auto failed = [&](int number) {
    return failure("cannot read " + what + " '" + path + "': " + std::strerror(number));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return failed(errno);
  std::string text;
  std::array<char, 16384> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), count);
  }
  if (std::ferror(file.get()) != 0) return failed(errno);  // of a directory, for one
  return text;
}

}  // namespace memprof::report
