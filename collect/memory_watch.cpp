#include "collect/memory_watch.hpp"

#include <algorithm>
#include <ctime>

#include "collect/hidden_allocator_elf.hpp"
#include "collect/memory_map.hpp"
#include "profile/memory_coverage.hpp"

namespace memprof::collect {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr auto kInterval = 1s;
/// So long it must not have grown to count as grown up for now, and so often somebody must ask to tell.
constexpr auto kPause = 2ms, kOften = 5ms;
constexpr int kShareOfTime = 20;
/// Below it nobody will ask which allocator it was.
constexpr std::uint64_t kMuchMemory = 32 * kMiB;

/// Of this thread: what a look costs, however long others had the processor meanwhile.
std::chrono::nanoseconds cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + kMiB / 2) / kMiB) + " MiB"; }

}  // namespace

bool MemoryWatch::due(std::uint64_t rss_bytes, Clock::time_point now) {
  const bool seldom_asked = now - last_asked_ > kOften;
  if (rss_bytes > last_rss_) last_growth_ = now;
  last_asked_ = now;
  last_rss_ = rss_bytes;
  if (rss_bytes == 0 || now < next_) return false;
  if (!any_ || now - last_look_ >= kInterval) return true;
  const std::uint64_t highest = highest_.rss_bytes;
  if (rss_bytes <= highest + std::max(highest / 8, kMiB)) return false;
  // As long as it grows, a look would soon not be the highest any more.
  return seldom_asked || now - last_growth_ >= kPause || rss_bytes > highest + highest / 2;
}

void MemoryWatch::look(const MemoryContext& context, std::span<const MappedAccounts::Range> direct,
                       std::span<const std::uint64_t> stack_pointers) {
  last_look_ = Clock::now();
  const auto begin = cpu_time();
  const auto memory = read_resident_memory(files_.pid(), direct, stack_pointers);
  next_ = Clock::now() + (cpu_time() - begin) * kShareOfTime;
  if (!memory) return;
  last_ = {.time_s = context.time_s,
           .rss_bytes = memory->rss,
           .file_bytes = memory->files,
           .stack_bytes = memory->stacks,
           .direct_bytes = memory->direct,
           .anonymous_bytes = memory->anonymous,
           .memprof_bytes = memory->memprof,
           .live_bytes = context.live_bytes,
           .mapped_bytes = context.mapped_bytes,
           .allocator_held = context.allocator_held,
           .allocator_free = context.allocator_free};
  if (!any_ || last_.rss_bytes >= highest_.rss_bytes) highest_ = last_;
  any_ = true;
  if (code_.empty() && last_.direct_bytes + last_.anonymous_bytes >= kMuchMemory) open_code(memory->code_files);
}

void MemoryWatch::open_code(const std::vector<std::string>& paths) {
  // The program's own file first: what is linked into it is the likeliest reason.
  code_.push_back({files_.executable(), files_.open_executable()});
  for (const std::string& path : paths) {
    if (path != files_.executable()) code_.push_back({path, files_.open_module(path)});
  }
}

std::vector<MemoryMoment> MemoryWatch::moments() const {
  if (!any_) return {};
  if (highest_ == last_) return {last_};
  return {highest_, last_};
}

std::string MemoryWatch::unseen_memory(std::uint64_t heap_peak) const {
  if (!any_ || !mostly_unseen(highest_, heap_peak)) return {};
  const MemoryCoverage coverage = cover_memory(highest_, heap_peak);
  std::vector<CodeFile> files;
  for (const OpenFile& file : code_) files.push_back({file.path, file.file.get()});
  std::string reason = name_hidden_allocator(files);
  const bool maps_itself = coverage.direct > coverage.unexplained;
  if (maps_itself) {
    reason = "the program maps it itself (see --metric mapped)" + (reason.empty() ? "" : "; " + reason);
  } else if (reason.empty()) {
    reason = "it comes from an allocator that memprof does not see, or from system calls that the program makes itself";
  }
  return mebibytes(coverage.direct + coverage.unexplained) + " of the " + mebibytes(highest_.rss_bytes) +
         " that the program had in memory are in no figure of the heap: " + reason + ".";
}

}  // namespace memprof::collect
