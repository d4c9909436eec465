#pragma once
// Where the unwind rules of an address are written: its FDE (and the FDE's CIE) in .eh_frame, found through the sorted
// table of .eh_frame_hdr. Pure functions of readable memory with known bounds: whatever stands there, nothing outside
// is read.

#include <cstdint>

namespace memprof::preload {

/// Readable memory that holds .eh_frame_hdr and .eh_frame: one segment of a loaded file.
struct UnwindSection {
  const std::uint8_t* begin;
  const std::uint8_t* end;
  const std::uint8_t* header;  ///< .eh_frame_hdr, within [begin, end)
};

/// What the FDE of an address says, with the fields of its CIE.
struct FrameDescription {
  std::uintptr_t code_begin;
  std::uintptr_t code_end;
  std::uint64_t code_alignment;
  std::int64_t data_alignment;
  std::uint64_t return_column;  ///< DWARF number of the register that holds the return address
  std::uint8_t pointer_encoding;
  bool signal_frame;                   ///< the frame below was interrupted: its address is exact, not a return address
  const std::uint8_t* common_program;  ///< the CIE's instructions
  const std::uint8_t* common_program_end;
  const std::uint8_t* program;  ///< the FDE's instructions
  const std::uint8_t* program_end;
};

/// Fills in `description` for the code at `address`; false when there is none, or when it can't be understood.
bool find_frame_description(const UnwindSection& section, std::uintptr_t address, FrameDescription& description);

}  // namespace memprof::preload
