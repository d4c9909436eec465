#include "cli/run_command_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "profile/process_tree_file.hpp"
#include "profile/profile_file.hpp"

namespace memprof::cli {
namespace {

constexpr std::string_view kExtensions[] = {".json.zst", ".json", ".zst"};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// A program may be called anything; a file name had better not hold control characters.
std::string for_file_name(const std::string& program) {
  std::string name = program.empty() ? "program" : program;
  for (char& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
  }
  return name;
}

std::string program_and_pid(const Process& process) {
  return for_file_name(process.program) + '.' + std::to_string(process.pid);
}

/// Makes a file next to the one that will be written, as write_profile() will, and removes it again.
Result<void> try_folder(const std::string& folder, const std::string& file) {
  std::string probe = folder + "/.memprof-XXXXXX";
  const int descriptor = ::mkostemp(probe.data(), O_CLOEXEC);
  if (descriptor >= 0) {
    ::close(descriptor);
    ::unlink(probe.c_str());
    return {};
  }
  const std::string reason = std::strerror(errno);
  const std::string where = folder == "." ? "the current directory" : folder;
  return failure((file.empty() ? "the profile" : file) + ": cannot be written: " + where + ": " + reason,
                 "name another place with -o FILE; nothing was started");
}

/// Follows a symbolic link, so that the rename replaces the file and not the link.
std::string behind_link(const std::string& file) {
  char resolved[PATH_MAX];
  struct stat status {};
  const bool link = ::lstat(file.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
  return link && ::realpath(file.c_str(), resolved) != nullptr ? resolved : file;
}

using Name = ProfileOutput::Name;

Name split_extension(const std::string& path) {
  for (const std::string_view extension : kExtensions) {
    if (path.ends_with(extension)) return {path.substr(0, path.size() - extension.size()), std::string(extension)};
  }
  return {path, ""};
}

/// In a folder that the user did not name, nothing may be replaced.
std::string fresh_path(const std::string& folder, const std::string& base) {
  const auto [stem, extension] = split_extension(folder + '/' + base);
  std::string path = stem + extension;
  for (int i = 2; ::access(path.c_str(), F_OK) == 0; ++i) path = stem + '.' + std::to_string(i) + extension;
  return path;
}

}  // namespace

Result<ProfileOutput> ProfileOutput::prepare(const std::string& option) {
  const std::string file = behind_link(option);
  struct stat status {};
  if (!file.empty() && ::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return failure(
        option + ": cannot be written: it is " + (S_ISDIR(status.st_mode) ? "a directory" : "no regular file"),
        "give -o the name of a file; nothing was started");
  }
  if (!file.empty() && file.back() == '/') {
    return failure(option + ": cannot be written: there is no such directory", "give -o the name of a file");
  }
  if (auto possible = try_folder(folder_of(file), option); !possible) return tl::unexpected(possible.error());
  return ProfileOutput(file);
}

std::string ProfileOutput::main_path(const Process& process) {
  if (file_.empty()) return unused("memprof." + program_and_pid(process), ".json");
  used_.insert(file_);
  return file_;
}

std::string ProfileOutput::other_path(const Process& process) {
  if (file_.empty()) return unused("memprof." + program_and_pid(process), ".json");
  const auto [stem, extension] = split_extension(file_);
  return unused(stem + '.' + program_and_pid(process), extension.empty() ? ".json" : extension);
}

ProfileOutput::Name ProfileOutput::snapshot_path(const Process& process, const collect::SnapshotOrder& order) const {
  std::string name = for_file_name(order.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  if (!order.directory.empty() || file_.empty()) {
    const std::string folder = order.directory.empty() ? "" : order.directory + '/';
    return {folder + "memprof." + program_and_pid(process) + '.' + name, ".json"};
  }
  const auto [stem, extension] = split_extension(file_);
  return {stem + '.' + (order.of_started_process ? "" : program_and_pid(process) + '.') + name,
          extension.empty() ? ".json" : extension};
}

/// A process that execs its own program again has the same program and pid twice.
std::string ProfileOutput::unused(const std::string& stem, const std::string& extension) {
  std::string path = stem + extension;
  for (int i = 2; !used_.insert(path).second; ++i) path = stem + '.' + std::to_string(i) + extension;
  return path;
}

std::string ProfileOutput::tree_path(const Process& process) const {
  const std::string main = file_.empty() ? "memprof." + program_and_pid(process) + ".json" : file_;
  return split_extension(main).stem + ".tree.json";
}

namespace {

/// `write(path)` to where it should be, or else to where it can be.
template <typename Write>
Result<ProfileOutput::Saved> save_somewhere(const std::string& path, const Write& write) {
  const Result<void> written = write(path);
  if (written) return ProfileOutput::Saved{path, {}};
  std::vector<std::string> folders;
  if (const char* temporary = std::getenv("TMPDIR"); temporary != nullptr && *temporary == '/') {
    folders.emplace_back(temporary);
  }
  folders.emplace_back("/tmp");
  for (const std::string& folder : folders) {
    std::string elsewhere = fresh_path(folder, base_of(path));
    if (write(elsewhere)) return ProfileOutput::Saved{std::move(elsewhere), written.error().what};
  }
  return failure(written.error().what + "; nor can it be written to " + folders.front(),
                 "make room, or set TMPDIR to a directory that has some, and run again", ExitCode::kFailed);
}

}  // namespace

Result<ProfileOutput::Saved> ProfileOutput::save(const Profile& profile, const std::string& path) {
  return save_somewhere(path, [&](const std::string& file) { return write_profile(profile, file); });
}

Result<ProfileOutput::Saved> ProfileOutput::save(const ProcessTree& tree, const std::string& path) {
  return save_somewhere(path, [&](const std::string& file) { return write_process_tree(tree, file); });
}

}  // namespace memprof::cli
