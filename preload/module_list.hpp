#pragma once
// Which loaded file an address belongs to, as an index into the region's module records. A file that is unloaded and
// loaded again gets a new index.
//
// Threads: any, without a lock of ours. Files are found when the first return address in them is seen, so nothing is
// hooked on dlopen; after each dlclose the list is checked against the loader.

#include <atomic>
#include <cstdint>

#include "wire/region.hpp"

namespace memprof::preload {

class ModuleList {
 public:
  /// Starts over with the (empty) list in g_region.
  void reset();

  /// The module of a code address, wire::kNoModule when it is no file's or the list is full. Slow: asks the loader.
  std::uint16_t module_of(std::uintptr_t address);

  /// Rises whenever an address may have changed its module: what was remembered by address is void then.
  std::uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// To be called before and after a real dlclose.
  void before_unload() { next_generation(); }
  void after_unload();

 private:
  /// What the region's record holds, in memory that the program cannot scribble over as easily.
  struct Entry {
    std::uintptr_t start, end;
    std::atomic<bool> loaded;
  };
  static constexpr std::uint32_t kMaxModules = 4096;

  void next_generation();
  std::uint32_t limit() const;
  std::uint32_t used() const;
  std::uint16_t add(const struct LoadedObject& object);

  std::atomic<std::uint32_t> generation_{1};
  Entry entries_[kMaxModules];
};

extern ModuleList g_modules;

}  // namespace memprof::preload
