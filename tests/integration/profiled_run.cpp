#include "tests/integration/profiled_run.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <tuple>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {

namespace {

/// The function that called the hook; what the compiler inlined into it belongs to it.
const Frame* calling_function(const Profile& profile, const Site& site) {
  for (NodeIndex node = site.stack; node >= kRootCount; node = profile.stacks[node].parent) {
    const Frame& frame = profile.frames[profile.stacks[node].frame];
    if (!frame.inlined) return &frame;
  }
  return nullptr;
}

bool in_executable(const Profile& profile, const Frame& frame) {
  return frame.module != kNoIndex && profile.text(profile.modules[frame.module].path) == profile.process.executable;
}

bool under_executable(const Profile& profile, const Site& site) {
  for (NodeIndex node = site.stack; node >= kRootCount; node = profile.stacks[node].parent) {
    if (in_executable(profile, profile.frames[profile.stacks[node].frame])) return true;
  }
  return false;
}

void add(Totals& sum, const Site& site) {
  sum.allocations += site.allocations;
  sum.allocated_bytes += site.allocated_bytes;
  sum.frees += site.frees;
  sum.freed_bytes += site.freed_bytes;
  sum.live_blocks += site.live_blocks;
  sum.live_bytes += site.live_bytes;
  sum.temporary_allocations += site.temporary_allocations;
  sum.failed_allocations += site.failed_allocations;
}

}  // namespace

std::string memprof_program() {
  const char* const other = std::getenv("MEMPROF_TEST_PROGRAM");
  return other != nullptr ? other : MEMPROF_TEST_MEMPROF;
}
std::string test_program(const std::string& name) { return MEMPROF_TEST_PROGRAMS "/" + name; }
std::string example(const std::string& name) { return MEMPROF_TEST_EXAMPLES "/" + name; }
std::string source_directory() { return MEMPROF_TEST_SOURCE; }
std::string installed_library() { return MEMPROF_TEST_LIBDIR "/memprof/libmemprof.so"; }
std::string build_directory() { return MEMPROF_TEST_BUILD; }

const Profile& ProfiledRun::only() const {
  INFO(command.err);
  REQUIRE(profiles.size() == 1);
  return profiles.front();
}

const Profile& profile_of(const ProfiledRun& run, std::int32_t pid) {
  INFO("process " << pid << "\n" << run.command.err);
  auto found = std::find_if(run.profiles.rbegin(), run.profiles.rend(),
                            [pid](const Profile& profile) { return profile.process.pid == pid; });
  REQUIRE(found != run.profiles.rend());
  return *found;
}

ProfiledRun profiled(const Arguments& arguments, const CommandOptions& options, const Arguments& run_options) {
  TemporaryDirectory directory;
  Arguments whole{memprof_program(), "run", "--quiet", "-o", directory.file("profile.json")};
  whole.insert(whole.end(), run_options.begin(), run_options.end());
  whole.push_back("--");
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  ProfiledRun run{run_command(whole, options), {}};
  run.profiles = read_profiles(directory.path());
  return run;
}

std::vector<Profile> read_profiles(const std::string& directory) {
  std::vector<Profile> profiles;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".json" || entry.path().stem().extension() == ".tree") continue;
    Result<Profile> profile = read_profile(entry.path());
    if (!profile) throw std::runtime_error(profile.error().what);
    profiles.push_back(std::move(*profile));
  }
  std::sort(profiles.begin(), profiles.end(), [](const Profile& a, const Profile& b) {
    return std::tie(a.process.pid, a.process.start_unix_ms) < std::tie(b.process.pid, b.process.start_unix_ms);
  });
  return profiles;
}

Totals own_totals(const Profile& profile) {
  Totals own;
  for (const Site& site : profile.sites) {
    const Frame* caller = calling_function(profile, site);
    if (caller && in_executable(profile, *caller)) add(own, site);
  }
  return own;
}

Totals totals_under_program(const Profile& profile) {
  Totals under;
  for (const Site& site : profile.sites) {
    if (under_executable(profile, site)) add(under, site);
  }
  return under;
}

std::uint64_t figure_of_function(const Profile& profile, const std::string& figure, const std::string& function) {
  static const std::map<std::string, std::uint64_t Site::*> kFigures{{"allocations", &Site::allocations},
                                                                     {"allocated_bytes", &Site::allocated_bytes},
                                                                     {"live_blocks", &Site::live_blocks},
                                                                     {"live_bytes", &Site::live_bytes},
                                                                     {"peak_blocks", &Site::peak_blocks},
                                                                     {"peak_bytes", &Site::peak_bytes},
                                                                     {"frees", &Site::frees},
                                                                     {"freed_bytes", &Site::freed_bytes}};
  std::uint64_t sum = 0;
  for (const Site& site : profile.sites) {
    const Frame* caller = calling_function(profile, site);
    if (caller && profile.text(caller->function) == function) sum += site.*kFigures.at(figure);
  }
  return sum;
}

void check_quality(const Profile& profile) {
  INFO(profile.process.program << " " << profile.process.pid);
  for (const std::string& reason : profile.capture.incomplete_reasons) UNSCOPED_INFO("incomplete: " << reason);
  CHECK(profile.capture.complete);
  CHECK(profile.capture.dropped_events == 0);
  CHECK(profile.capture.unknown_frees == 0);
}

}  // namespace memprof::test
