#pragma once
// From a code address to the unwind information of the file it was loaded from, without a lock.

#include "preload/cfi_section.hpp"

namespace memprof::preload {

enum class Object : std::uint8_t {
  kFound,
  kNoUnwindInformation,  ///< a loaded file, but without .eh_frame_hdr, or with one that lies in no readable segment
  kNone,                 ///< no loaded file
};

struct FoundObject {
  UnwindSection section;  ///< kFound: the readable segment around the file's .eh_frame_hdr
  std::uintptr_t entry;   ///< unless kNone: where the file is entered when it is started as a program; 0: nowhere
};

/// Async-signal-safe.
Object find_object(std::uintptr_t address, FoundObject& object);

}  // namespace memprof::preload
