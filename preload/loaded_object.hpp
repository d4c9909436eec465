#pragma once
// Which file is mapped at a code address, asked of the loader without its lock where glibc has _dl_find_object (2.35).

#include <cstdint>

namespace memprof::preload {

struct LoadedObject {
  std::uintptr_t start = 0;  ///< first mapped address: the ELF header
  std::uintptr_t end = 0;    ///< one past the last
  std::uintptr_t bias = 0;
  const char* path = "";  ///< the loader's string, valid while the object is loaded; "" for the executable
};

/// False when the address belongs to no loaded object.
bool find_loaded_object(std::uintptr_t address, LoadedObject& object);

}  // namespace memprof::preload
