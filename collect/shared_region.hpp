#pragma once
// The collector's side of the region (wire/region.hpp): makes the memfd, maps it, fills the header in. Positions and
// capacities are kept here as well, because what stands in the region can be overwritten by the target at any time.

#include <cstddef>
#include <cstdint>

#include "collect/unique_fd.hpp"
#include "profile/result.hpp"
#include "wire/region.hpp"

namespace memprof::collect {

struct RegionOptions {
  wire::Capacity capacity = wire::kUsualCapacity;
  wire::ClockSource clock_source = wire::ClockSource::kMonotonic;
  std::uint64_t clock_base = 0;
  std::uint32_t max_depth = 0;
  wire::FullRing full_ring = wire::FullRing::kWait;
};

class SharedRegion {
 public:
  [[nodiscard]] static Result<SharedRegion> create(const RegionOptions& options);
  ~SharedRegion();
  SharedRegion(SharedRegion&& other) noexcept;
  SharedRegion& operator=(SharedRegion&&) = delete;

  int descriptor() const { return file_.get(); }
  void release_descriptor() { file_.reset(); }
  std::uint64_t bytes() const { return layout_.region_bytes; }

  // Capacities as they were when the region was made.
  std::uint32_t ring_count() const { return layout_.ring_count; }
  std::uint32_t ring_records() const { return layout_.ring_records; }
  std::uint32_t module_capacity() const { return layout_.module_capacity; }
  std::uint32_t path_bytes() const { return layout_.path_bytes; }
  std::uint32_t node_capacity() const { return layout_.node_capacity; }
  bool drops_when_full() const { return layout_.full_ring == wire::FullRing::kDrop; }

  // Untrusted memory: load each value once.
  wire::Header& header() const { return *at<wire::Header>(0); }
  wire::RingHeader& ring(std::uint32_t index) const { return at<wire::RingHeader>(layout_.rings_offset)[index]; }
  const wire::Record* records(std::uint32_t ring) const {
    return at<wire::Record>(layout_.records_offset) + std::size_t{ring} * layout_.ring_records;
  }
  const wire::ModuleRecord& module(std::uint32_t index) const {
    return at<wire::ModuleRecord>(layout_.modules_offset)[index];
  }
  char* answer(std::uint32_t ring) const { return at<char>(layout_.answers_offset) + ring * wire::kAnswerBytes; }
  const char* paths() const { return at<char>(layout_.paths_offset); }
  const wire::StackNode& node(std::uint32_t index) const { return at<wire::StackNode>(layout_.nodes_offset)[index]; }

 private:
  SharedRegion() = default;
  template <typename T>
  T* at(std::uint64_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }

  /// What a header looked like before anybody else could touch it; plain fields only.
  struct Layout {
    std::uint64_t region_bytes = 0, rings_offset = 0, modules_offset = 0, paths_offset = 0, answers_offset = 0,
                  nodes_offset = 0, records_offset = 0;
    std::uint32_t ring_count = 0, ring_records = 0, module_capacity = 0, path_bytes = 0, node_capacity = 0;
    wire::FullRing full_ring = wire::FullRing::kWait;
  };

  UniqueFd file_;
  std::byte* base_ = nullptr;
  Layout layout_;
};

/// One fetch, so that a check and the use after it see the same value although the other side may write.
template <typename T>
[[nodiscard]] inline T load_once(const T& shared) {
  T value;
  __atomic_load(&shared, &value, __ATOMIC_RELAXED);
  return value;
}

}  // namespace memprof::collect
