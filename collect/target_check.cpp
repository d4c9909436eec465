#include "collect/target_check.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "collect/target_check_elf.hpp"
#include "collect/unique_fd.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kFirstLine = 256;  // as much of a "#!" line as the kernel reads (BINPRM_BUF_SIZE)
constexpr int kDeepestScript = 5;        // interpreters that are scripts themselves; the kernel's limit
constexpr char kDefaultPath[] = "/usr/local/bin:/usr/bin:/bin";

tl::unexpected<Error> cannot_run(std::string what, std::string hint) {
  return failure(std::move(what), std::move(hint), ExitCode::kCannotRun);
}

tl::unexpected<Error> not_found(std::string what, std::string hint) {
  return failure(std::move(what), std::move(hint), ExitCode::kNotFound);
}

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool may_execute(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0; }

/// A name with a slash is a path; another one is looked for in PATH, where files that may not be executed count only
/// when there is nothing better.
Result<std::string> find_program(const std::string& program) {
  if (program.empty()) return not_found("the program's name is empty", "write memprof run PROGRAM [ARGS...]");
  if (program.find('/') != std::string::npos) return program;
  const char* variable = std::getenv("PATH");
  const std::string path = variable != nullptr ? variable : kDefaultPath;
  std::string unusable;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    const std::string folder = end > start ? path.substr(start, end - start) : ".";
    std::string candidate = folder + '/' + program;
    if (is_file(candidate)) {
      if (may_execute(candidate)) return candidate;
      if (unusable.empty()) unusable = std::move(candidate);
    }
    start = end + 1;
  }
  if (!unusable.empty()) return unusable;
  const bool here = is_file("./" + program);
  return not_found(program + ": there is no such program in PATH",
                   here ? "there is one in the current directory: memprof run ./" + program
                        : "check the spelling, or give its path, such as ./" + program);
}

/// The steps from a path to a verdict. `path_` is the file that is looked at now: the program, then its interpreter.
class Check {
 public:
  explicit Check(std::string path) : path_(std::move(path)) {}

  Result<void> run();
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  Result<void> check_file();
  Result<void> check_privileges() const;
  Result<void> check_script(const std::string& line);
  Result<void> check_env(const std::string& argument) const;
  Result<void> check_elf();
  Result<void> check_kind(const ElfFacts& facts) const;
  std::string subject() const { return by_script_.empty() ? path_ : by_script_ + ": its interpreter " + path_; }

  std::string path_;
  std::string by_script_;  ///< the script that named path_ as its interpreter
  int depth_ = 0;
  UniqueFd file_;
  std::vector<std::string> notes_;
};

Result<void> Check::run() {
  if (auto checked = check_file(); !checked || !file_) return checked;
  char start[kFirstLine];
  const ssize_t size = ::pread(file_.get(), start, sizeof start, 0);
  if (size < 0) return cannot_run(subject() + ": cannot be read: " + std::strerror(errno), "check the file system");
  if (size == 0) return cannot_run(subject() + ": the file is empty", "build or download it again");
  const std::string_view text(start, static_cast<std::size_t>(size));
  if (text.substr(0, 2) != "#!") return check_elf();
  return check_script(std::string(text.substr(2, text.find('\n') - 2)));
}

Result<void> Check::check_file() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) {
      return cannot_run(subject() + ": " + std::strerror(errno), "check the permissions of the directories above it");
    }
    return not_found(subject() + (by_script_.empty() ? ": no such file" : " does not exist"),
                     by_script_.empty() ? "check the spelling" : "install it, or correct the script's first line");
  }
  if (S_ISDIR(status.st_mode)) return cannot_run(subject() + ": is a directory", "name a program in it");
  if (!S_ISREG(status.st_mode)) return cannot_run(subject() + ": is not a regular file", "name a program");
  if (!may_execute(path_)) {
    return cannot_run(subject() + ": is not executable", "chmod +x " + path_ + ", if it is meant to be a program");
  }
  file_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file_) return {};
  notes_.push_back(subject() + " may be executed but not read, so it was not checked and has no symbols");
  return check_privileges();
}

/// Not for scripts: the kernel ignores such bits on them.
Result<void> Check::check_privileges() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  const std::string reason = ", so the dynamic loader puts no library in front of it";
  const std::string hint = "profile a copy without that: cp " + path_ + " /tmp/ (run it as root if it needs to be)";
  if ((status.st_mode & S_ISUID) != 0) return cannot_run(subject() + ": is setuid" + reason, hint);
  // Without the group's execute bit, setgid means mandatory locking.
  if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0) {
    return cannot_run(subject() + ": is setgid" + reason, hint);
  }
  if (::getxattr(path_.c_str(), "security.capability", nullptr, 0) > 0) {
    return cannot_run(subject() + ": has file capabilities" + reason, hint);
  }
  return {};
}

Result<void> Check::check_script(const std::string& line) {
  if (++depth_ > kDeepestScript) {
    return cannot_run(
        subject() + ": is a script whose interpreter is a script, " + std::to_string(kDeepestScript) + " times over",
        "name a program in its first line");
  }
  constexpr char kBlanks[] = " \t\r";
  const std::size_t start = std::min(line.find_first_not_of(kBlanks), line.size());
  const std::size_t end = std::min(line.find_first_of(kBlanks, start), line.size());
  if (start == end) {
    return cannot_run(subject() + ": its first line names no interpreter", "write one, such as #!/bin/sh");
  }
  if (line.find('\r') != std::string::npos) {
    return cannot_run(subject() +
                          ": its first line ends in a carriage return, which the kernel takes for a part of "
                          "the interpreter's name",
                      "convert it to Unix line ends: sed -i 's/\\r$//' " + path_);
  }
  by_script_ = path_;
  path_ = line.substr(start, end - start);
  const std::size_t argument = std::min(line.find_first_not_of(kBlanks, end), line.size());
  if (path_.substr(path_.rfind('/') + 1) == "env") {
    if (auto found = check_env(line.substr(argument)); !found) return found;
  }
  return run();
}

/// "#!/usr/bin/env [-S] [NAME=VALUE]... PROGRAM": env would find out too late for us that there is no PROGRAM.
Result<void> Check::check_env(const std::string& argument) const {
  for (std::size_t start = 0; start < argument.size();) {
    const std::size_t end = std::min(argument.find_first_of(" \t", start), argument.size());
    const std::string word = argument.substr(start, end - start);
    start = end + 1;
    if (word.empty() || word[0] == '-' || word.find('=') != std::string::npos) continue;
    auto found = find_program(word);
    if (found) return {};
    return not_found(by_script_ + ": its interpreter " + word + " does not exist",
                     "install it, or correct the script's first line");
  }
  return {};
}

Result<void> Check::check_elf() {
  if (auto allowed = check_privileges(); !allowed) return allowed;
  std::string damage;
  const auto facts = read_elf_facts(file_.get(), damage);
  if (!damage.empty()) {
    return cannot_run(subject() + ": is a damaged ELF file: " + damage, "build or download it again");
  }
  if (!facts) {
    return cannot_run(subject() + ": is neither an ELF program nor a script with a #! line",
                      "if it is a script, name its interpreter: memprof run sh " + path_);
  }
  if (auto kind = check_kind(*facts); !kind) return kind;
  if (!facts->sanitizer.empty()) {
    return cannot_run(subject() + ": is built with " + facts->sanitizer + ", which brings its own malloc",
                      "build it without -fsanitize to profile it");
  }
  if (facts->defines_malloc && !facts->is_loader) {
    notes_.push_back(subject() + " has an allocator of its own linked in: what it allocates there is not seen");
  }
  return {};
}

Result<void> Check::check_kind(const ElfFacts& facts) const {
  if (facts.machine != own_machine() || !facts.is_64_bit) {
    return cannot_run(subject() + ": is a program for " + machine_name(facts.machine) +
                          (facts.machine == own_machine() ? " in 32 bits" : "") + ", memprof is one for " +
                          machine_name(own_machine()),
                      "build it, or memprof, for the same architecture");
  }
  if (facts.type != ET_EXEC && facts.type != ET_DYN) {
    return cannot_run(subject() + ": is an ELF file but no program" +
                          (facts.type == ET_REL ? " (an object file)" : "") +
                          (facts.type == ET_CORE ? " (a core dump)" : ""),
                      "link it first, or name the program");
  }
  if (facts.cut_short) {
    return cannot_run(subject() + ": is a damaged ELF file: it ends too early", "build or download it again");
  }
  if (facts.is_loader) return {};
  if (facts.loader.empty()) {
    if (facts.type == ET_DYN && !facts.position_independent_program) {
      return cannot_run(subject() + ": is a shared library, not a program", "name a program that uses it");
    }
    return cannot_run(subject() + ": is a static program: no library can be put in front of its malloc",
                      "link it dynamically (without -static) to profile it");
  }
  if (!is_file(facts.loader)) {
    return not_found(subject() + ": the dynamic loader that it asks for, " + facts.loader + ", does not exist",
                     "install the C library that it was built for");
  }
#ifdef __GLIBC__
  if (facts.loader.find("/ld-musl-") != std::string::npos) {
    return cannot_run(subject() + ": is built for musl, and this memprof's library for glibc",
                      "build it with glibc to profile it");
  }
#endif
  return {};
}

}  // namespace

Result<Target> check_target(const std::string& program) {
  auto path = find_program(program);
  if (!path) return tl::unexpected(path.error());
  Check check(*path);
  if (auto checked = check.run(); !checked) return tl::unexpected(checked.error());
  return Target{std::move(*path), check.take_notes()};
}

}  // namespace memprof::collect
