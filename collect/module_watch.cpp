#include "collect/module_watch.hpp"

#include <algorithm>
#include <climits>
#include <string>

namespace memprof::collect {

ModuleWatch::ModuleWatch(const SharedRegion& region, const TargetFiles& files, RegionDamage& damage)
    : region_(region), files_(files), damage_(damage), modules_(1) {}

void ModuleWatch::look() {
  const std::uint32_t used =
      std::min(region_.header().modules_used.load(std::memory_order_acquire), region_.module_capacity());
  while (modules_.size() < used) {
    awaited_.push_back(static_cast<std::uint32_t>(modules_.size()));
    modules_.emplace_back();
  }
  std::erase_if(awaited_, [&](std::uint32_t index) {
    const wire::ModuleRecord& record = region_.module(index);
    if (record.ready.load(std::memory_order_acquire) == 0) return false;  // pairs with the target's release store
    modules_[index] = read(record);
    if (loaded_) loaded_(index, modules_[index]);
    return true;
  });
}

CapturedModule ModuleWatch::read(const wire::ModuleRecord& record) {
  CapturedModule module;
  module.start = load_once(record.start);
  module.end = load_once(record.end);
  module.bias = load_once(record.bias);
  const std::uint32_t id_bytes = load_once(record.build_id_bytes);
  if (id_bytes > sizeof(record.build_id)) ++damage_.modules;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(id_bytes, sizeof(record.build_id)); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    const std::uint8_t byte = load_once(record.build_id[i]);
    module.build_id += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  module.path = read_path(record);
  if (module.path.empty()) {
    module.path = files_.executable();
    module.file = files_.open_executable();
  } else {
    module.file = files_.open_module(module.path);
  }
  return module;
}

std::string ModuleWatch::read_path(const wire::ModuleRecord& record) {
  const std::uint32_t offset = load_once(record.path_offset);
  const std::uint32_t bytes = load_once(record.path_bytes);
  if (bytes > PATH_MAX || offset > region_.path_bytes() || bytes > region_.path_bytes() - offset) {
    ++damage_.modules;
    return "?";
  }
  std::string path(bytes, '\0');
  for (std::uint32_t i = 0; i < bytes; ++i) path[i] = load_once(region_.paths()[offset + i]);
  path.resize(std::min(path.find('\0'), path.size()));
  return path;
}

}  // namespace memprof::collect
