#include "collect/used_code.hpp"

#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>

#include "wire/region.hpp"

namespace memprof::collect {
namespace {

struct HashLocation {
  std::size_t operator()(const CodeLocation& location) const {
    return (location.address ^ std::uint64_t{location.module} << 48) * 0x9e37'79b9'7f4a'7c15u >> 16;
  }
};

/// Numbers code locations in the order of their first use. Stacks name the same few again and again, so a small table
/// of those lately used goes before the large one.
class LocationNumbers {
 public:
  explicit LocationNumbers(std::vector<CodeLocation>& locations) : locations_(locations) {}

  std::uint32_t of(const CodeLocation& location) {
    const std::size_t hash = HashLocation{}(location);
    std::uint32_t& recent = recent_[hash % kRecent];
    if (recent == kNoIndex || !(locations_[recent] == location)) {
      const auto [entry, added] = known_.try_emplace(location, static_cast<std::uint32_t>(locations_.size()));
      if (added) locations_.push_back(location);
      recent = entry->second;
    }
    return recent;
  }

 private:
  static constexpr std::size_t kRecent = 4096;

  std::vector<CodeLocation>& locations_;
  std::unordered_map<CodeLocation, std::uint32_t, HashLocation> known_;
  std::vector<std::uint32_t> recent_ = std::vector<std::uint32_t>(kRecent, kNoIndex);
};

/// A parent is lower than its child (read_stack_tree() saw to that), so one pass downwards finds all ancestors.
std::vector<bool> find_needed(const CapturedProcess& captured) {
  std::vector<bool> needed(captured.stacks.size());
  for (const StackUse& site : captured.sites_to_come) needed[site.stack] = true;
  for (const Site& site : captured.sites) needed[site.stack] = true;
  for (const Site& site : captured.mapped_sites) needed[site.stack] = true;
  for (std::size_t id = captured.stacks.size(); id-- > wire::kFirstNode;) {
    if (needed[id]) needed[captured.stacks[id].parent] = true;
  }
  return needed;
}

/// By module index of the capture: the image, kNoIndex for what is no file.
std::vector<std::uint32_t> find_images(const CapturedProcess& captured, std::vector<ModuleImage>& images) {
  std::vector<std::uint32_t> image_of(captured.modules.size(), kNoIndex);
  std::map<std::pair<std::string, std::string>, std::uint32_t> known;
  for (std::size_t i = 1; i < captured.modules.size(); ++i) {
    const CapturedModule& module = captured.modules[i];
    if (module.end == 0) continue;  // its record was never finished
    const std::string& path = module.path.empty() ? captured.process.executable : module.path;
    const auto [entry, added] = known.try_emplace({path, module.build_id}, static_cast<std::uint32_t>(images.size()));
    if (added) images.push_back({path, module.build_id, module.file.get()});
    ModuleImage& image = images[entry->second];
    if (image.descriptor < 0) image.descriptor = module.file.get();
    image_of[i] = entry->second;
  }
  return image_of;
}

}  // namespace

UsedCode find_used_code(const CapturedProcess& captured) {
  UsedCode code;
  code.needed = find_needed(captured);
  code.location_of.assign(captured.stacks.size(), kNoIndex);
  const std::vector<std::uint32_t> image_of = find_images(captured, code.images);
  LocationNumbers numbers(code.locations);
  for (std::size_t id = wire::kFirstNode; id < captured.stacks.size(); ++id) {
    if (!code.needed[id]) continue;
    const CapturedStack& node = captured.stacks[id];
    const std::uint32_t image = node.module < image_of.size() ? image_of[node.module] : kNoIndex;
    if (image == kNoIndex) continue;
    code.location_of[id] = numbers.of({image, node.address - captured.modules[node.module].bias});
  }
  // The type of a block is known to the function that asked for it, or to one that a wrapper around malloc returns to.
  constexpr int kWrappers = 4;
  const auto want_types = [&](std::size_t id) {
    for (int depth = 0; depth < kWrappers && id >= wire::kFirstNode; ++depth) {
      if (code.location_of[id] != kNoIndex) code.locations[code.location_of[id]].wants_types = true;
      id = captured.stacks[id].parent;
    }
  };
  for (const StackUse& site : captured.sites_to_come) {
    if (site.allocates) want_types(site.stack);
  }
  for (const Site& site : captured.sites) {
    if (site.allocations != 0) want_types(site.stack);
  }
  return code;
}

}  // namespace memprof::collect
