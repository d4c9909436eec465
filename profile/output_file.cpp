#include "profile/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace memprof {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path, int error_number) {
  const std::string hint = error_number == ENOSPC || error_number == EDQUOT ? "free some space, or name another place"
                                                                            : "name another place";
  return failure(path + " cannot be written: " + std::generic_category().message(error_number), hint);
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

// The name is short whatever the final name's length, and hidden from `*.json`.
std::string temporary_name_beside(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return (slash == std::string::npos ? std::string() : path.substr(0, slash + 1)) + ".memprof-XXXXXX";
}

}  // namespace

OutputFile::OutputFile(std::string name, std::string final_path, std::string temporary_path, int descriptor)
    : name_(std::move(name)),
      final_path_(std::move(final_path)),
      temporary_path_(std::move(temporary_path)),
      descriptor_(descriptor) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : name_(std::move(other.name_)),
      final_path_(std::move(other.final_path_)),
      temporary_path_(std::exchange(other.temporary_path_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return cannot_write(path, errno);
    return OutputFile(path, path, {}, descriptor);
  }
  std::string final_path = resolved(path);
  std::string temporary_path = temporary_name_beside(final_path);
  const int descriptor = ::mkostemp(temporary_path.data(), O_CLOEXEC);
  if (descriptor < 0) return cannot_write(path, errno);
  return OutputFile(path, std::move(final_path), std::move(temporary_path), descriptor);
}

tl::unexpected<Error> OutputFile::failed(int error_number) const { return cannot_write(name_, error_number); }

Result<void> OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> OutputFile::commit() {
  // Network file systems report a full disk only here.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) return failed(errno);
  if (temporary_path_.empty()) return {};
  if (std::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) return failed(errno);
  temporary_path_.clear();
  return {};
}

}  // namespace memprof
