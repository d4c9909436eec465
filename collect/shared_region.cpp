#include "collect/shared_region.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace memprof::collect {
namespace {

/// ftruncate beyond this limit would not fail but end us with SIGXFSZ.
Result<void> check_file_limit(std::uint64_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes) return {};
  return failure("the limit on file sizes (" + std::to_string(limit.rlim_cur) + " bytes) is below the " +
                     std::to_string(bytes) + " bytes of shared memory that a process needs",
                 "raise it with `ulimit -f unlimited` (the memory is only used as far as it is touched)",
                 ExitCode::kCannotRun);
}

tl::unexpected<Error> system_failure(const std::string& what, const std::string& hint) {
  return failure(what + ": " + std::strerror(errno), hint, ExitCode::kCannotRun);
}

}  // namespace

Result<SharedRegion> SharedRegion::create(const RegionOptions& options) {
  wire::Header plan{};
  wire::lay_out(plan, options.capacity);
  if (auto fits = check_file_limit(plan.region_bytes); !fits) return tl::unexpected(std::move(fits).error());

  SharedRegion region;
  region.layout_ = {plan.region_bytes,   plan.rings_offset,    plan.modules_offset, plan.paths_offset,
                    plan.answers_offset, plan.nodes_offset,    plan.records_offset, plan.ring_count,
                    plan.ring_records,   plan.module_capacity, plan.path_bytes,     plan.node_capacity,
                    options.full_ring};
  region.file_ = UniqueFd(::memfd_create("memprof", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!region.file_) return system_failure("cannot make shared memory", "check the limit of open files: `ulimit -n`");
  if (::ftruncate(region.descriptor(), static_cast<off_t>(plan.region_bytes)) != 0 ||
      ::fcntl(region.descriptor(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return system_failure("cannot size shared memory", "memprof needs a kernel with memfd seals (3.17 or newer)");
  }
  void* memory =
      ::mmap(nullptr, plan.region_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, region.descriptor(), 0);
  if (memory == MAP_FAILED) {
    return system_failure("cannot map " + std::to_string(plan.region_bytes) + " bytes of shared memory",
                          "check the limit of virtual memory: `ulimit -v`");
  }
  region.base_ = static_cast<std::byte*>(memory);

  auto* header = new (memory) wire::Header{};
  wire::lay_out(*header, options.capacity);
  header->magic = wire::kRegionMagic;
  header->wire_version = wire::kWireVersion;
  header->clock_source = options.clock_source;
  header->clock_base = options.clock_base;
  header->max_depth = options.max_depth;
  header->full_ring = options.full_ring;
  header->modules_used.store(1, std::memory_order_relaxed);  // 0 is kNoModule
  header->nodes_used.store(wire::kFirstNode, std::memory_order_relaxed);
  return region;
}

SharedRegion::~SharedRegion() {
  if (base_ != nullptr) ::munmap(base_, layout_.region_bytes);
}

SharedRegion::SharedRegion(SharedRegion&& other) noexcept
    : file_(std::move(other.file_)), base_(std::exchange(other.base_, nullptr)), layout_(other.layout_) {}

}  // namespace memprof::collect
