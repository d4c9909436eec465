#pragma once
// Takes over module records as they appear in the region, and opens their files while they are there: a program may
// delete a library that it has loaded.

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/region_damage.hpp"
#include "collect/shared_region.hpp"
#include "collect/target_files.hpp"

namespace memprof::collect {

class ModuleWatch {
 public:
  ModuleWatch(const SharedRegion& region, const TargetFiles& files, RegionDamage& damage);

  /// Called by look() for each module that it takes over.
  using Loaded = std::function<void(std::uint32_t index, const CapturedModule&)>;
  void on_load(Loaded loaded) { loaded_ = std::move(loaded); }

  /// Looks for records that have become ready.
  void look();

  /// Index = module index of the stack nodes. Records that never became ready are empty.
  std::vector<CapturedModule> take() { return std::move(modules_); }
  const std::vector<CapturedModule>& modules() const { return modules_; }

 private:
  CapturedModule read(const wire::ModuleRecord& record);
  std::string read_path(const wire::ModuleRecord& record);

  const SharedRegion& region_;
  const TargetFiles& files_;
  RegionDamage& damage_;
  Loaded loaded_;
  std::vector<CapturedModule> modules_;
  std::vector<std::uint32_t> awaited_;  ///< claimed, but not ready when last looked at
};

}  // namespace memprof::collect
