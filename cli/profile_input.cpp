#include "cli/profile_input.hpp"

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>

#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "profile/process_tree_file.hpp"
#include "profile/profile_file.hpp"
#include "report/sum_profiles.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kMostListed = 20;

struct Selection {
  ProcessTree tree;
  std::vector<const TreeProcess*> chosen;  // those with a profile
};

std::string beside(const std::string& index, const std::string& file) {
  const std::size_t slash = index.rfind('/');
  return file.starts_with('/') || slash == std::string::npos ? file : index.substr(0, slash + 1) + file;
}

/// "12 (make), 13 (cc1), …": those that can be asked for.
std::string whom_there_is(const ProcessTree& tree) {
  std::string text;
  std::vector<std::int32_t> seen;
  for (const TreeProcess& entry : tree.processes) {
    if (entry.profile.empty() || std::find(seen.begin(), seen.end(), entry.process.pid) != seen.end()) continue;
    if (seen.size() == kMostListed) return text + ", …";
    seen.push_back(entry.process.pid);
    text += (text.empty() ? "" : ", ") + std::to_string(entry.process.pid) + " (" + entry.process.program + ')';
  }
  return text;
}

Error no_such_process(const ProcessTree& tree, const std::string& file, std::uint64_t pid) {
  const std::string hint = "there are: " + whom_there_is(tree);
  for (const TreeProcess& entry : tree.processes) {
    if (static_cast<std::uint64_t>(entry.process.pid) != pid) continue;
    const std::string who = file + ": process " + std::to_string(pid) + " (" + entry.process.program + ") ";
    if (!entry.recorded) return {who + "was not recorded: it " + entry.unrecorded_reason, hint};
    return {who + "has no profile: it allocated next to nothing", hint};
  }
  return {file + ": there is no process " + std::to_string(pid) + " in it", hint};
}

Result<Selection> select(const std::string& file, std::optional<std::uint64_t> pid) {
  auto tree = read_process_tree(file);
  if (!tree) return tl::unexpected(std::move(tree.error()));
  Selection selection{std::move(*tree), {}};
  for (const TreeProcess& entry : selection.tree.processes) {
    const bool wanted = !pid || static_cast<std::uint64_t>(entry.process.pid) == *pid;
    if (wanted && !entry.profile.empty()) selection.chosen.push_back(&entry);
  }
  if (!selection.chosen.empty()) return selection;
  if (pid) return tl::unexpected(no_such_process(selection.tree, file, *pid));
  return failure(file + ": none of its processes has a profile", "memprof run with another --only, or without it");
}

Result<ProfileFiles> read_chosen(const Selection& selection, const std::string& index) {
  ProfileFiles read;
  for (const TreeProcess* entry : selection.chosen) {
    const std::string file = beside(index, entry->profile);
    auto profile = read_profile(file);
    if (!profile) return tl::unexpected(std::move(profile.error()).in("reading what " + index + " names"));
    read.profiles.push_back(std::move(*profile));
    read.files.push_back(file);
  }
  return read;
}

Result<Profile> read_plain(const std::string& file, std::optional<std::uint64_t> pid) {
  auto profile = read_profile(file);
  if (profile && pid && static_cast<std::uint64_t>(profile->process.pid) != *pid) {
    return failure(
        file + ": there is no process " + std::to_string(*pid) + " in it",
        "it is the profile of " + profile->process.program + ", pid " + std::to_string(profile->process.pid));
  }
  return profile;
}

std::string note_on(const Selection& selection) {
  std::uint64_t others = 0, left_out_bytes = 0;
  for (const TreeProcess& entry : selection.tree.processes) {
    if (!entry.profile.empty()) continue;
    ++others;
    left_out_bytes += entry.allocated_bytes;
  }
  const std::size_t chosen = selection.chosen.size();
  std::string note = "Sum of " + format_count(chosen) + " profiles";
  if (others > 0) {
    note += "; " + format_count(others) + (others == 1 ? " process image" : " process images") +
            " without one allocated " + format_size(left_out_bytes);
  }
  return note + ".\nAt the peak: each process at its own peak. The highest sum at any one time was " +
         format_size(selection.tree.peak_bytes) + ".\n";
}

}  // namespace

Result<ProfileFiles> read_profile_files(const std::string& file, std::optional<std::uint64_t> pid) {
  if (is_process_tree(file)) {
    const auto selection = select(file, pid);
    if (!selection) return tl::unexpected(selection.error());
    return read_chosen(*selection, file);
  }
  auto profile = read_plain(file, pid);
  if (!profile) return tl::unexpected(std::move(profile.error()));
  ProfileFiles read;
  read.profiles.push_back(std::move(*profile));
  read.files.push_back(file);
  return read;
}

Result<ProfileInput> read_profile_input(const std::string& file, std::optional<std::uint64_t> pid) {
  if (!is_process_tree(file)) {
    auto profile = read_plain(file, pid);
    if (!profile) return tl::unexpected(std::move(profile.error()));
    return ProfileInput{std::move(*profile), {}};
  }
  auto selection = select(file, pid);
  if (!selection) return tl::unexpected(std::move(selection.error()));
  auto read = read_chosen(*selection, file);
  if (!read) return tl::unexpected(std::move(read.error()));
  if (read->profiles.size() == 1) return ProfileInput{std::move(read->profiles.front()), {}};
  ProfileInput input{report::sum_profiles(read->profiles), {}};
  Process& process = input.profile.process;
  process.program += " and " + format_count(read->profiles.size() - 1) + " more";
  if (pid) return input;  // images of one process, which follow one another
  const ProcessTree& tree = selection->tree;
  input.profile.totals.peak_bytes = tree.peak_bytes;
  input.profile.totals.peak_blocks = tree.peak_blocks;
  input.profile.totals.peak_time_s = tree.peak_time_s;
  input.note = note_on(*selection);
  return input;
}

void add_pid(CLI::App& parser, const std::string& name, std::optional<std::uint64_t>& pid, const std::string& help) {
  const auto check = [](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? "" : "'" + text + "' is not a process number";
  };
  const auto keep = [&pid](const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);  // checked above
    pid = number;
  };
  parser.add_option_function<std::string>(name, keep, help)->type_name("PID")->check(CLI::Validator(check, ""));
}

}  // namespace memprof::cli
