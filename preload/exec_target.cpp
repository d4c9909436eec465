#include "preload/exec_target.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "preload/sys.hpp"

extern "C" char** environ;

namespace memprof::preload {
namespace {

using wire::Unloadable;

constexpr int kDeepestScript = 5;  // the kernel's limit of interpreters that are scripts themselves
constexpr std::size_t kFirstBytes = 256;
constexpr char kUsualPath[] = "/bin:/usr/bin";

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#endif

struct OpenFile {
  long descriptor;
  ~OpenFile() {
    if (descriptor >= 0) sys::call(SYS_close, descriptor);
  }
  long read(void* to, std::size_t bytes, std::uint64_t offset) const {
    return sys::call(SYS_pread64, descriptor, sys::as_long(to), static_cast<long>(bytes), static_cast<long>(offset));
  }
};

/// The loader is in secure mode when the real and the effective user differ; root's own files change nothing for root.
bool raises_privileges(const OpenFile& file) {
  struct stat status {};
  if (sys::call(SYS_fstat, file.descriptor, sys::as_long(&status)) < 0) return false;
  const auto user = static_cast<uid_t>(sys::call(SYS_getuid));
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != user) return true;
  const bool set_group = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0;
  if (set_group && status.st_gid != static_cast<gid_t>(sys::call(SYS_getgid))) return true;
  return user != 0 && sys::call(SYS_fgetxattr, file.descriptor, sys::as_long("security.capability"), 0, 0) > 0;
}

const char* base_name(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

Unloadable look_at_elf(const OpenFile& file, const char* path, const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) return Unloadable::kOtherMachine;
  if (raises_privileges(file)) return Unloadable::kPrivileged;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (file.read(&segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) != sizeof(segment)) break;
    if (segment.p_type == PT_INTERP) return Unloadable::kNot;
  }
  // The loader itself, called with a program as its argument, needs no loader.
  return std::strncmp(base_name(path), "ld", 2) == 0 ? Unloadable::kNot : Unloadable::kStatic;
}

struct DescriptorPath {
  char text[32];
};

/// A file may have been opened for its execution only (O_PATH); by this name it can be opened for reading.
DescriptorPath path_of_descriptor(int descriptor) {
  DescriptorPath path{"/proc/self/fd/"};
  std::size_t at = std::strlen(path.text);
  unsigned divisor = 1;
  const auto number = static_cast<unsigned>(descriptor);
  while (number / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) path.text[at++] = static_cast<char>('0' + number / divisor % 10);
  return path;
}

/// Cuts "#!interpreter argument" down to the interpreter; nullptr: there is none.
const char* interpreter_of(char* line, std::size_t bytes) {
  std::size_t at = 2;
  while (at < bytes && (line[at] == ' ' || line[at] == '\t')) ++at;
  const std::size_t start = at;
  while (at < bytes && line[at] != ' ' && line[at] != '\t' && line[at] != '\n' && line[at] != '\0') ++at;
  if (at == start || at == bytes) return nullptr;
  line[at] = '\0';
  return line + start;
}

}  // namespace

Unloadable look_at_program(int directory, const char* path, int flags) {
  char start[kFirstBytes];
  for (int depth = 0; depth <= kDeepestScript; ++depth) {
    DescriptorPath own;
    if ((flags & AT_EMPTY_PATH) != 0 && path[0] == '\0') {
      own = path_of_descriptor(directory);
      path = own.text;
    }
    const OpenFile file{
        sys::call(SYS_openat, directory, sys::as_long(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.descriptor < 0) return Unloadable::kNot;
    const long got = file.read(start, sizeof(start), 0);
    if (got < 4) return Unloadable::kNot;
    if (static_cast<std::size_t>(got) >= sizeof(Elf64_Ehdr) && std::memcmp(start, ELFMAG, SELFMAG) == 0) {
      Elf64_Ehdr header;
      std::memcpy(&header, start, sizeof(header));
      const Unloadable reason = look_at_elf(file, path, header);
      const bool may_execute = sys::call(SYS_faccessat, directory, sys::as_long(path), X_OK) == 0;
      return may_execute ? reason : Unloadable::kNot;
    }
    if (start[0] != '#' || start[1] != '!') return Unloadable::kNot;
    path = interpreter_of(start, static_cast<std::size_t>(got));
    if (path == nullptr) return Unloadable::kNot;
    directory = AT_FDCWD;
    flags = 0;
  }
  return Unloadable::kNot;
}

Unloadable look_in_path(const char* file, char* found, unsigned long capacity) {
  found[0] = '\0';
  const std::size_t name = std::strlen(file);
  if (name == 0 || name >= capacity) return Unloadable::kNot;
  if (std::strrchr(file, '/') != nullptr) {
    std::memcpy(found, file, name + 1);
    return look_at_program(AT_FDCWD, found, 0);
  }
  const char* path = kUsualPath;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "PATH=", 5) != 0) continue;
    path = *entry + 5;
    break;
  }
  for (;;) {
    std::size_t folder = 0;
    while (path[folder] != '\0' && path[folder] != ':') ++folder;
    if (folder + 1 + name < capacity) {
      std::memcpy(found, path, folder);
      std::size_t used = folder;
      if (folder > 0) found[used++] = '/';
      std::memcpy(found + used, file, name + 1);
      if (sys::call(SYS_faccessat, AT_FDCWD, sys::as_long(found), X_OK) == 0) {
        return look_at_program(AT_FDCWD, found, 0);
      }
    }
    if (path[folder] == '\0') break;
    path += folder + 1;
  }
  found[0] = '\0';
  return Unloadable::kNot;
}

}  // namespace memprof::preload
