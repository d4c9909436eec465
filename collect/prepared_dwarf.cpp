#include "collect/prepared_dwarf.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "collect/dwarf_unit_lookup.hpp"
#include "collect/symbol_module.hpp"
#include "collect/unique_fd.hpp"

namespace memprof::collect {
namespace {

// Each may hold a descriptor or two. These are given out from the lowest up, so a number tells how many there are.
constexpr rlim_t kHighestDescriptor = 256;
constexpr std::size_t kMostWaiting = 64;
constexpr std::size_t kMostKept = 32;

int highest_descriptor() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<int>(std::min(kHighestDescriptor, limit.rlim_cur / 4));
}

/// Never destroyed: its thread may be at work when the process ends.
class PreparedDwarf {
 public:
  static PreparedDwarf& instance() {
    static auto* const prepared = new PreparedDwarf;
    return *prepared;
  }

  void expect(const ModuleImage& image, CodeSource code_so_far) {
    if (image.descriptor >= highest_descriptor()) return;
    const std::lock_guard guard(mutex_);
    if (waiting_.size() == kMostWaiting || !entries_.try_emplace(key_of(image)).second) return;
    UniqueFd file(image.descriptor < 0 ? -1 : ::fcntl(image.descriptor, F_DUPFD_CLOEXEC, 0));
    waiting_.push_back({image, std::move(file), std::move(code_so_far)});
    waiting_.back().image.descriptor = waiting_.back().file.get();
    if (!running_) start();
  }

  void stop_expecting(const ModuleImage& image) {
    const std::lock_guard guard(mutex_);
    std::erase_if(waiting_, [&](const Job& job) { return key_of(job.image) == key_of(image); });
  }

  std::unique_ptr<DwarfHandle> take(const ModuleImage& image, const ModuleFiles& files) {
    std::unique_lock guard(mutex_);
    Entry& entry = entries_[key_of(image)];
    changed_.wait(guard, [&] { return !entry.at_work; });
    if (!entry.handle) return nullptr;
    --kept_;
    std::unique_ptr<DwarfHandle> handle = std::move(entry.handle);
    guard.unlock();
    return handle->is_of(files) ? std::move(handle) : nullptr;
  }

  void keep(const ModuleImage& image, std::unique_ptr<DwarfHandle> handle) {
    const std::lock_guard guard(mutex_);
    put(entries_[key_of(image)], handle);
  }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    bool at_work = false;
    std::unique_ptr<DwarfHandle> handle;
  };
  struct Job {
    ModuleImage image;
    UniqueFd file;
    CodeSource code_so_far;
  };

  static Key key_of(const ModuleImage& image) { return {image.path, image.build_id}; }

  void put(Entry& entry, std::unique_ptr<DwarfHandle>& handle) {
    if (!handle || entry.handle || kept_ == kMostKept) return;
    entry.handle = std::move(handle);
    ++kept_;
  }

  void start() {
    try {
      std::thread([this] { work(); }).detach();
      running_ = true;
    } catch (const std::system_error&) {
      waiting_.clear();  // no thread to be had: whoever wants the names does it all
    }
  }

  void work() {
    std::unique_lock guard(mutex_);
    while (!waiting_.empty()) {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      Entry& entry = entries_[key_of(job.image)];  // entries are never removed
      entry.at_work = true;
      guard.unlock();
      std::unique_ptr<DwarfHandle> handle = prepare(job);
      guard.lock();
      put(entry, handle);
      entry.at_work = false;
      changed_.notify_all();
    }
    running_ = false;
  }

  static std::unique_ptr<DwarfHandle> prepare(const Job& job) {
    try {
      const ModuleFiles files = find_module_files(job.image, usual_debug_directories(), {});
      auto handle = files.dwarf() == nullptr ? nullptr : DwarfHandle::open(files);
      if (handle) {
        const UnitRanges& units = handle->units();
        // Of more than one part of a module, the others are looked up with other handles.
        if (job.code_so_far) read_ahead(*handle, units.units_of(job.code_so_far()), kSmallestPartBytes);
      }
      return handle;
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;  ///< an entry is no longer at work
  std::map<Key, Entry> entries_;
  std::deque<Job> waiting_;
  std::size_t kept_ = 0;
  bool running_ = false;
};

}  // namespace

void expect_dwarf(const ModuleImage& image, CodeSource code_so_far) {
  PreparedDwarf::instance().expect(image, std::move(code_so_far));
}

void stop_expecting_dwarf(const ModuleImage& image) { PreparedDwarf::instance().stop_expecting(image); }

std::unique_ptr<DwarfHandle> take_prepared_dwarf(const ModuleImage& image, const ModuleFiles& files) {
  return PreparedDwarf::instance().take(image, files);
}

void keep_dwarf(const ModuleImage& image, std::unique_ptr<DwarfHandle> handle) {
  PreparedDwarf::instance().keep(image, std::move(handle));
}

}  // namespace memprof::collect
