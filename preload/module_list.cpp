#include "preload/module_list.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>

#include "preload/known_stacks.hpp"
#include "preload/loaded_object.hpp"
#include "preload/process.hpp"

namespace memprof::preload {

ModuleList g_modules;

namespace {

/// The GNU build id in the notes of a mapped file; 0 bytes when it has none. Reads only inside [start, end).
std::uint32_t copy_build_id(const LoadedObject& object, std::uint8_t (&build_id)[32]) {
  const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(object.start);
  const std::uintptr_t mapped = object.end - object.start;
  if (mapped < sizeof(ElfW(Ehdr)) || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return 0;
  if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phoff > wire::kPage - sizeof(ElfW(Phdr)) ||
      header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > wire::kPage) {
    return 0;
  }
  const auto* const segments = reinterpret_cast<const ElfW(Phdr)*>(object.start + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_NOTE) continue;
    const std::uintptr_t from = object.bias + segments[i].p_vaddr;
    if (from < object.start || from > object.end || segments[i].p_filesz > object.end - from) continue;
    std::uintptr_t at = from;
    const std::uintptr_t limit = from + segments[i].p_filesz;
    while (limit - at >= sizeof(ElfW(Nhdr))) {
      const auto* const note = reinterpret_cast<const ElfW(Nhdr)*>(at);
      const std::uintptr_t name = at + sizeof(*note);
      const std::uintptr_t content = name + ((note->n_namesz + 3u) & ~3u);
      const std::uintptr_t next = content + ((note->n_descsz + 3u) & ~3u);
      if (next < at || next > limit) break;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
          std::memcmp(reinterpret_cast<const void*>(name), "GNU", 4) == 0 && note->n_descsz <= sizeof(build_id)) {
        std::memcpy(build_id, reinterpret_cast<const void*>(content), note->n_descsz);
        return note->n_descsz;
      }
      at = next;
    }
  }
  return 0;
}

}  // namespace

void ModuleList::next_generation() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  g_stacks_epoch.fetch_add(1, std::memory_order_acq_rel);
}

void ModuleList::reset() {
  // Index 0 means "no file".
  g_region.header->modules_used.store(1, std::memory_order_relaxed);
  next_generation();
  for (Entry& entry : entries_) {
    if (entry.end == 0) continue;
    entry.start = entry.end = 0;
    entry.loaded.store(false, std::memory_order_relaxed);
  }
}

std::uint32_t ModuleList::limit() const {
  return g_region.module_capacity < kMaxModules ? g_region.module_capacity : kMaxModules;
}

std::uint32_t ModuleList::used() const {
  const std::uint32_t claimed = g_region.header->modules_used.load(std::memory_order_acquire);
  return claimed < limit() ? claimed : limit();
}

std::uint16_t ModuleList::module_of(std::uintptr_t address) {
  LoadedObject object;
  if (!find_loaded_object(address, object)) return wire::kNoModule;
  for (std::uint32_t index = used(); index-- > 1;) {
    const Entry& entry = entries_[index];
    if (entry.loaded.load(std::memory_order_acquire) && entry.start == object.start && entry.end == object.end) {
      return static_cast<std::uint16_t>(index);
    }
  }
  return add(object);
}

std::uint16_t ModuleList::add(const LoadedObject& object) {
  wire::Header& header = *g_region.header;
  if (header.modules_used.load(std::memory_order_relaxed) >= limit()) return wire::kNoModule;
  const std::uint32_t index = header.modules_used.fetch_add(1, std::memory_order_acq_rel);
  if (index >= limit()) return wire::kNoModule;
  wire::ModuleRecord& record = g_region.modules[index];
  const std::size_t length = std::strlen(object.path);
  const std::uint32_t offset =
      header.paths_used.fetch_add(static_cast<std::uint32_t>(length), std::memory_order_relaxed);
  record.path_offset = offset;
  record.path_bytes = 0;
  if (offset <= g_region.path_bytes && length <= g_region.path_bytes - offset) {
    std::memcpy(g_region.paths + offset, object.path, length);
    record.path_bytes = static_cast<std::uint32_t>(length);
  }
  record.start = object.start;
  record.end = object.end;
  record.bias = object.bias;
  record.build_id_bytes = copy_build_id(object, record.build_id);
  // Release: pairs with the collector's acquire load, after which it reads the fields above.
  record.ready.store(1, std::memory_order_release);
  entries_[index].start = object.start;
  entries_[index].end = object.end;
  entries_[index].loaded.store(true, std::memory_order_release);
  return static_cast<std::uint16_t>(index);
}

void ModuleList::after_unload() {
  if (g_process->state.load(std::memory_order_acquire) == ProcessState::kRecording) {
    for (std::uint32_t index = 1, count = used(); index < count; ++index) {
      Entry& entry = entries_[index];
      if (!entry.loaded.load(std::memory_order_acquire)) continue;
      LoadedObject object;
      if (!find_loaded_object(entry.start, object) || object.start != entry.start || object.end != entry.end) {
        entry.loaded.store(false, std::memory_order_release);
      }
    }
  }
  next_generation();
}

}  // namespace memprof::preload
