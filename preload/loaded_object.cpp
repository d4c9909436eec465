#include "preload/loaded_object.hpp"

#include <dlfcn.h>
#include <link.h>

namespace memprof::preload {

#if defined(DLFO_STRUCT_HAS_EH_DBASE)

bool find_loaded_object(std::uintptr_t address, LoadedObject& object) {
  dl_find_object found;
  if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return false;
  object.start = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
  object.end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end);
  object.bias = found.dlfo_link_map->l_addr;
  object.path = found.dlfo_link_map->l_name;
  return true;
}

#else

// musl and glibc before 2.35: the loader's own list, under the loader's lock. Only asked on the first sight of a
// return address.
namespace {

struct Search {
  std::uintptr_t address;
  LoadedObject* object;
};

int visit(dl_phdr_info* info, std::size_t, void* argument) {
  auto& search = *static_cast<Search*>(argument);
  std::uintptr_t start = UINTPTR_MAX;
  std::uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const std::uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (from < start) start = from & ~std::uintptr_t{4095};
    if (from + info->dlpi_phdr[i].p_memsz > end) end = from + info->dlpi_phdr[i].p_memsz;
  }
  if (search.address < start || search.address >= end) return 0;
  *search.object = {start, end, info->dlpi_addr, info->dlpi_name != nullptr ? info->dlpi_name : ""};
  return 1;
}

}  // namespace

bool find_loaded_object(std::uintptr_t address, LoadedObject& object) {
  Search search{address, &object};
  return dl_iterate_phdr(visit, &search) == 1;
}

#endif

}  // namespace memprof::preload
