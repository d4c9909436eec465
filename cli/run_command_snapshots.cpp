#include "cli/run_command_snapshots.hpp"

#include <unistd.h>

#include <utility>

#include "cli/printable.hpp"
#include "profile/profile_file.hpp"

namespace memprof::cli {

Result<std::string> SnapshotFiles::write(collect::CapturedProcess&& captured, const collect::SnapshotOrder& order) {
  const std::string path = path_for(captured.process, order);
  const bool clients = static_cast<bool>(order.answer_to);
  // The client has looked, too; but the file may have come since, and it is his.
  if (!order.path.empty() && !order.replace && ::access(path.c_str(), F_OK) == 0) {
    return failure(path + " is there already", "name another file with -o, or replace it with --force");
  }
  auto profile = collect::build_profile(std::move(captured), symbols_, {});
  auto saved = write_profile(profile, path);
  if (saved) {
    if (!clients) written_.push_back(path);
    return path;
  }
  if (!clients) errors_.push_back(Error(saved.error()).in("a snapshot is missing"));
  return tl::unexpected(saved.error());
}

std::string SnapshotFiles::path_for(const Process& process, const collect::SnapshotOrder& order) {
  if (!order.path.empty()) return order.path;
  const auto [stem, extension] = output_.snapshot_path(process, order);
  std::string path = stem + extension;
  for (int i = 2; !used_.insert(path).second; ++i) path = stem + '.' + std::to_string(i) + extension;
  return path;
}

std::string snapshots_text(const std::vector<std::string>& written) {
  if (written.empty()) return {};
  if (written.size() == 1) return "a snapshot is in " + printable(written.front());
  return std::to_string(written.size()) + " snapshots: " + printable(written.front()) +
         (written.size() == 2 ? " and " : " to ") + printable(written.back());
}

}  // namespace memprof::cli
