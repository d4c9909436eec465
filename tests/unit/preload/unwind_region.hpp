#pragma once
// A region without a collector, in which stacks can be interned.

#include <sys/mman.h>

#include <stdexcept>

#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/stack_tree.hpp"

namespace memprof::preload::test {

class UnwindRegion {
 public:
  UnwindRegion() {
    wire::Header layout{};
    wire::lay_out(layout, wire::kUsualCapacity);
    bytes_ = layout.region_bytes;
    void* const memory =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory for a region");
    auto* const base = static_cast<char*>(memory);
    header_ = new (memory) wire::Header();
    wire::lay_out(*header_, wire::kUsualCapacity);
    g_region.header = header_;
    g_region.modules = reinterpret_cast<wire::ModuleRecord*>(base + header_->modules_offset);
    g_region.paths = base + header_->paths_offset;
    g_region.nodes = reinterpret_cast<wire::StackNode*>(base + header_->nodes_offset);
    g_region.module_capacity = header_->module_capacity;
    g_region.path_bytes = header_->path_bytes;
    g_region.node_capacity = header_->node_capacity;
    g_stacks.reset();
    g_modules.reset();
  }
  ~UnwindRegion() {
    ::munmap(header_, bytes_);
    g_region = {};
  }
  UnwindRegion(const UnwindRegion&) = delete;
  UnwindRegion& operator=(const UnwindRegion&) = delete;

  wire::Header& header() { return *header_; }

 private:
  wire::Header* header_;
  std::size_t bytes_;
};

}  // namespace memprof::preload::test
