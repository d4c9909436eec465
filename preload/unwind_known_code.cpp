#include "preload/unwind_known_code.hpp"

#include "preload/cfi_bytes.hpp"
#include "preload/unwind_memory.hpp"

namespace memprof::preload {
namespace {

/// _start and _dl_start_user have 60 bytes in glibc 2.31 to 2.40.
constexpr std::uintptr_t kEntryBytes = 96;

/// Bytes of `if (__cxa_finalize) __cxa_finalize(__dso_handle)` with the prologue that GCC mixes into it, up to the end
/// of a direct call; one through the global offset table takes one more.
constexpr std::uintptr_t kDestructorsBytes = 26;

/// Whether the instructions of [begin, end) are those of the prologue and the call, and make rbp a frame pointer.
bool is_destructors_call(std::uintptr_t begin, std::uintptr_t end) {
  ByteReader code(reinterpret_cast<const std::uint8_t*>(begin), reinterpret_cast<const std::uint8_t*>(end));
  bool pushed = false;
  bool framed = false;
  bool called = false;
  while (!code.at_end() && !called) {
    switch (code.byte()) {
      case 0x55:  // push %rbp
        if (pushed) return false;
        pushed = true;
        break;
      case 0x74:  // je
        code.skip(1);
        break;
      case 0xe8:  // call
        code.skip(4);
        called = true;
        break;
      case 0xff:  // call *x(%rip)
        if (code.byte() != 0x15) return false;
        code.skip(4);
        called = true;
        break;
      case 0x48: {
        const auto next = code.fixed<std::uint16_t>();
        if (next == 0x3d83) {  // cmpq $x, y(%rip)
          code.skip(5);
        } else if (next == 0x3d8b) {  // mov x(%rip), %rdi
          code.skip(4);
        } else if (next == 0xe589 && pushed && !framed) {  // mov %rsp, %rbp
          framed = true;
        } else {
          return false;
        }
        break;
      }
      default:
        return false;
    }
  }
  return called && framed && code.at_end() && !code.failed();
}

/// mov %rbx, %rsp; mov (%rsp), %rdi; test %rdi, %rdi: __start_context in glibc since 2.3 (without shadow stacks).
bool is_start_of_context(std::uintptr_t address) {
  constexpr std::uint8_t kCode[] = {0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff};
  return is_readable(address) && is_readable(address + sizeof(kCode) - 8) &&
         __builtin_memcmp(reinterpret_cast<const void*>(address), kCode, sizeof(kCode)) == 0;
}

}  // namespace

bool known_code_rules(std::uintptr_t address, std::uintptr_t entry, FrameRules& rules) {
  rules = FrameRules{};
  if ((entry != 0 && address > entry && address - entry <= kEntryBytes) || is_start_of_context(address)) {
    rules.registers[kRip] = Rule(Rule::Kind::kUndefined, std::int64_t{0});
    return true;
  }
  const std::uintptr_t direct = address - kDestructorsBytes;
  const std::uintptr_t indirect = direct - 1;
  if (!is_readable(indirect) || !is_readable(address - 8)) return false;
  if (!is_destructors_call(direct, address) && !is_destructors_call(indirect, address)) return false;
  rules.cfa = Rule(Rule::Kind::kRegister, kRbp);
  rules.cfa_offset = 16;
  rules.registers[kRip] = Rule(Rule::Kind::kAtCfa, -8);
  rules.registers[kRbp] = Rule(Rule::Kind::kAtCfa, -16);
  return true;
}

}  // namespace memprof::preload
