#include "collect/code_so_far.hpp"

#include <algorithm>
#include <utility>

#include "collect/prepared_dwarf.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint32_t kMostNodes = 1u << 20;  // later ones seldom lead elsewhere

}  // namespace

std::vector<std::uint64_t> code_so_far(const SharedRegion& region, std::uint32_t module, std::uint64_t bias) {
  // A node that is claimed but not written yet is zero, or will not be seen: no matter.
  const std::uint32_t used = std::min({region.header().nodes_used.load(), region.node_capacity(), kMostNodes});
  std::vector<std::uint64_t> addresses;
  std::uint64_t latest = 0;
  for (std::uint32_t id = wire::kFirstNode; id < used; ++id) {
    const wire::StackNode node{load_once(region.node(id).address_and_module), 0, 0, {}};
    if (node.address_and_module == latest || node.module() != module || node.address() <= bias) continue;
    latest = node.address_and_module;
    addresses.push_back(node.address() - bias - 1);  // a return address belongs to the call before it
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

void expect_dwarf(std::shared_ptr<const SharedRegion> region, std::uint32_t index, const CapturedModule& module) {
  expect_dwarf({module.path, module.build_id, module.file.get()},
               [region = std::move(region), index, bias = module.bias] { return code_so_far(*region, index, bias); });
}

}  // namespace memprof::collect
