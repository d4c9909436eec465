// libFuzzer target: whatever stands in .eh_frame_hdr and .eh_frame, the reader stays inside of it, comes to an end, and
// the rules that it finds can be followed.
//
// Input: the address to look for, relative to .eh_frame_hdr (4 bytes, signed); then .eh_frame_hdr with .eh_frame
// behind.

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "preload/cfi_rules.hpp"
#include "preload/cfi_section.hpp"
#include "preload/unwind_memory.hpp"
#include "preload/unwind_registers.hpp"
#include "preload/unwind_row.hpp"
#include "preload/unwind_step.hpp"

namespace {

using namespace memprof::preload;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A stack in the middle of much that can't be read, so that offsets of 31 bits lead nowhere else.
std::uintptr_t make_stack(std::size_t bytes) {
  constexpr std::size_t kUnreadable = std::size_t{2} << 30;
  void* const space = mmap(nullptr, 2 * kUnreadable, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(space != MAP_FAILED, "no address space");
  auto* const stack = static_cast<std::uint8_t*>(space) + kUnreadable;
  require(mprotect(stack, bytes, PROT_READ | PROT_WRITE) == 0, "no stack");
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const auto value = reinterpret_cast<std::uintptr_t>(stack) + (i * 7919 % bytes);
    std::memcpy(stack + i, &value, sizeof(value));
  }
  return reinterpret_cast<std::uintptr_t>(stack);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kStackBytes = 1 << 16;
  static const std::uintptr_t stack = make_stack(kStackBytes);
  std::int32_t offset = 0;
  if (size <= sizeof(offset)) return 0;
  std::memcpy(&offset, data, sizeof(offset));
  size -= sizeof(offset);
  // A block of its own: the sanitizer sees every byte that is read beyond it.
  const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[size]);
  std::memcpy(bytes.get(), data + sizeof(offset), size);

  const UnwindSection section{bytes.get(), bytes.get() + size, bytes.get()};
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(bytes.get()) + static_cast<std::uintptr_t>(offset);
  FrameDescription description;
  if (!find_frame_description(section, address, description)) return 0;
  require(address >= description.code_begin && address < description.code_end, "it describes something else");
  RuleScratch scratch;
  FrameRules rules;
  if (!run_frame_program(description, address, scratch, rules)) return 0;

  const UnwindRow row = UnwindRow::from_rules(rules, 1, 1);
  if (row.kind() == UnwindRow::Kind::kPlain) {
    require(row.cfa_offset() >= 8 && row.rbp_depth() >= 8, "a row reads beyond the CFA");
    require(row.rbp_depth() <= (row.cfa_from_rbp() ? 16 : row.cfa_offset()), "a row reads below the frame");
  }
  RegisterFile registers{};
  for (unsigned number = 0; number < kRegisterCount; ++number) {
    if (number != 5) registers.set(number, stack + kStackBytes / 2 + 64 * number);
  }
  StackRange range;
  require(range.restart(stack + kStackBytes / 2), "the stack can't be read");
  LoggedRead reads[64];
  ReadLog log(reads, 64);
  const RegisterFile before = registers;
  const Step step = step_by_rules(rules, registers, StackMemory(range), log);
  if (step != Step::kFrame) {
    require(std::memcmp(&before, &registers, sizeof(before)) == 0, "a failed step changed registers");
  } else {
    require(registers.values[kRip] != 0, "a return address of 0 is no frame");
  }
  return 0;
}
