// DWARF call frame information, byte by byte.

#include <cstring>
#include <optional>
#include <vector>

#include "preload/cfi_bytes.hpp"
#include "preload/cfi_expression.hpp"
#include "preload/cfi_rules.hpp"
#include "tests/catch.hpp"

namespace memprof::preload::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::optional<std::uintptr_t> evaluate(const Bytes& code) {
  Bytes block{static_cast<std::uint8_t>(code.size())};
  block.insert(block.end(), code.begin(), code.end());
  block.resize(block.size() + 10);
  static const std::uintptr_t memory[] = {0x1122334455667788, 42};
  RegisterFile registers{};
  registers.set(kRsp, 1000);
  registers.set(kRbp, reinterpret_cast<std::uintptr_t>(memory));
  const StackRange range;
  ReadLog log;
  RegisterMask used = 0;
  std::uintptr_t result = 0;
  const StackMemory stack(range);
  if (evaluate_expression(block.data(), {registers, stack, nullptr}, result, used, log) != Evaluated::kValue) return {};
  return result;
}

TEST_CASE("expressions") {
  const auto negative = [](std::int64_t value) { return static_cast<std::uintptr_t>(value); };
  CHECK(evaluate({0x35}) == 5u);                                              // lit5
  CHECK(evaluate({0x77, 0x78}) == 992u);                                      // breg7 -8
  CHECK(evaluate({0x92, 0x07, 0x08}) == 1008u);                               // bregx 7 8
  CHECK(evaluate({0x76, 0x08, 0x06}) == 42u);                                 // breg6 8; deref
  CHECK(evaluate({0x76, 0x00, 0x94, 0x02}) == 0x7788u);                       // breg6 0; deref_size 2
  CHECK(evaluate({0x08, 0xff}) == 255u);                                      // const1u
  CHECK(evaluate({0x09, 0xff}) == negative(-1));                              // const1s
  CHECK(evaluate({0x0b, 0x00, 0x80}) == negative(-32768));                    // const2s
  CHECK(evaluate({0x0d, 0xfe, 0xff, 0xff, 0xff}) == negative(-2));            // const4s
  CHECK(evaluate({0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80}) == 0x8000000000000001u);  // const8u
  CHECK(evaluate({0x10, 0x80, 0x01}) == 128u);                                // constu
  CHECK(evaluate({0x11, 0x7f}) == negative(-1));                              // consts
  CHECK(evaluate({0x33, 0x31, 0x1c}) == 2u);                                  // 3 - 1
  CHECK(evaluate({0x33, 0x39, 0x1c}) == negative(-6));                        // 3 - 9
  CHECK(evaluate({0x11, 0x77, 0x32, 0x1b}) == negative(-4));                  // -9 / 2
  CHECK(evaluate({0x39, 0x34, 0x1d}) == 1u);                                  // 9 mod 4
  CHECK(evaluate({0x33, 0x34, 0x1e}) == 12u);                                 // 3 * 4
  CHECK(evaluate({0x31, 0x33, 0x24}) == 8u);                                  // 1 << 3
  CHECK(evaluate({0x11, 0x70, 0x32, 0x26}) == negative(-4));                  // -16 >> 2, arithmetically
  CHECK(evaluate({0x3c, 0x3a, 0x27, 0x20}) == ~std::uintptr_t{6});            // ~(12 ^ 10)
  CHECK(evaluate({0x35, 0x1f, 0x19}) == 5u);                                  // abs(-5)
  CHECK(evaluate({0x31, 0x32, 0x33, 0x17, 0x1c}) == negative(-1));            // 1 2 3 rot minus: 1 - 2
  CHECK(evaluate({0x31, 0x32, 0x14, 0x22, 0x22}) == 4u);                      // 1 2 over + +
  CHECK(evaluate({0x31, 0x32, 0x15, 0x01, 0x16, 0x13}) == 1u);                // 1 2 pick1 swap drop
  CHECK(evaluate({0x30, 0x23, 0x07, 0x12, 0x22}) == 14u);                     // 0 plus_uconst 7 dup +
  CHECK(evaluate({0x31, 0x28, 0x01, 0x00, 0x30, 0x37}) == 7u);                // bra over lit0
  CHECK(evaluate({0x37, 0x2f, 0x01, 0x00, 0x30}) == 7u);                      // skip over lit0
  // glibc's PLT: rsp + 8 + ((rip & 15) >= 11) << 3, here with 12 for rip.
  CHECK(evaluate({0x77, 0x08, 0x3c, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}) == 1016u);
}

TEST_CASE("expressions that can't be evaluated") {
  for (const Bytes& code :
       {Bytes{}, Bytes{0x22}, Bytes{0x31, 0x22}, Bytes{0xff}, Bytes{0x0e, 1, 2}, Bytes{0x70, 0x00},
        Bytes{0x92, 0x63, 0x00}, Bytes{0x30, 0x06}, Bytes{0x11, 0x7f, 0x06}, Bytes{0x2f, 0xfd, 0xff},
        Bytes{0x2f, 0x10, 0x00}, Bytes{0x31, 0x30, 0x1b}, Bytes{0x31, 0x30, 0x1d}, Bytes{0x15, 0x05}, Bytes(20, 0x31),
        Bytes{0x76, 0x00, 0x94, 0x09}}) {
    CHECK(!evaluate(code));
  }
  CHECK(evaluate({0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x11, 0x7f, 0x1b}) == std::uintptr_t{1} << 63);  // INT64_MIN / -1
}

/// The rules 10 bytes into a function of 100 bytes, by an FDE with these instructions behind the usual CIE's.
std::optional<FrameRules> run(const Bytes& program, std::uintptr_t offset = 10) {
  static const Bytes common{0x0c, 0x07, 0x08, 0x90, 0x01};  // def_cfa rsp+8; rip at cfa-8
  FrameDescription description{};
  description.code_begin = 0x1000;
  description.code_end = 0x1064;
  description.code_alignment = 1;
  description.data_alignment = -8;
  description.return_column = kRip;
  description.common_program = common.data();
  description.common_program_end = common.data() + common.size();
  description.program = program.data();
  description.program_end = program.data() + program.size();
  RuleScratch scratch;
  FrameRules rules;
  if (!run_frame_program(description, 0x1000 + offset, scratch, rules)) return {};
  return rules;
}

bool has_cfa(const std::optional<FrameRules>& rules, unsigned base, std::int64_t offset) {
  return rules && rules->cfa.kind() == Rule::Kind::kRegister && rules->cfa.number() == base &&
         rules->cfa_offset == offset;
}

bool at_cfa(const std::optional<FrameRules>& rules, unsigned target, std::int64_t offset) {
  return rules && rules->registers[target].kind() == Rule::Kind::kAtCfa && rules->registers[target].number() == offset;
}

TEST_CASE("call frame instructions up to an address") {
  const Bytes prologue{0x41, 0x0e, 0x10, 0x86, 0x02, 0x43, 0x0d, 0x06};  // push %rbp; mov %rsp, %rbp
  CHECK(has_cfa(run({}), kRsp, 8));
  CHECK(at_cfa(run({}), kRip, -8));
  CHECK(has_cfa(run(prologue, 0), kRsp, 8));
  CHECK(has_cfa(run(prologue, 1), kRsp, 16));
  CHECK(at_cfa(run(prologue, 3), kRbp, -16));
  CHECK(has_cfa(run(prologue, 3), kRsp, 16));
  CHECK(has_cfa(run(prologue, 4), kRbp, 16));
  CHECK(has_cfa(run({0x02, 10, 0x0e, 0x10}), kRsp, 16));           // advance_loc1 to the very address
  CHECK(has_cfa(run({0x02, 11, 0x0e, 0x10}), kRsp, 8));            // and past it
  CHECK(has_cfa(run({0x03, 10, 0, 0x0e, 0x10}), kRsp, 16));        // advance_loc2
  CHECK(has_cfa(run({0x04, 10, 0, 0, 0, 0x0e, 0x10}), kRsp, 16));  // advance_loc4
  CHECK(has_cfa(run({0x12, 0x06, 0x7e}), kRbp, 16));               // def_cfa_sf rbp -2
  CHECK(has_cfa(run({0x13, 0x7c}), kRsp, 32));                     // def_cfa_offset_sf -4
  CHECK(at_cfa(run({0x05, 0x0c, 0x03}), kR12, -24));               // offset_extended r12 3
  CHECK(at_cfa(run({0x11, 0x0c, 0x7d}), kR12, 24));                // offset_extended_sf r12 -3
  CHECK(at_cfa(run({0x2f, 0x0c, 0x03}), kR12, 24));                // GNU_negative_offset_extended r12 3
  CHECK(run({0x09, 0x03, 0x0c})->registers[kRbx].kind() == Rule::Kind::kRegister);
  CHECK(run({0x07, 0x10})->registers[kRip].kind() == Rule::Kind::kUndefined);
  CHECK(run({0x86, 0x02, 0xc6})->registers[kRbp].kind() == Rule::Kind::kSame);  // offset; restore
  CHECK(at_cfa(run({0x07, 0x10, 0x06, 0x10}), kRip, -8));                       // restore_extended
  CHECK(run({0x14, 0x06, 0x02})->registers[kRbp].number() == -16);              // val_offset
  CHECK(run({0x16, 0x06, 0x01, 0x31})->registers[kRbp].kind() == Rule::Kind::kExpression);
  CHECK(run({0x10, 0x06, 0x01, 0x31})->registers[kRbp].kind() == Rule::Kind::kAtExpression);
  CHECK(run({0x0f, 0x02, 0x77, 0x08})->cfa.kind() == Rule::Kind::kExpression);
  CHECK(has_cfa(run({0x0a, 0x0e, 0x30, 0x86, 0x02, 0x0b}), kRsp, 8));  // remember; …; restore
  CHECK(run({0x0a, 0x86, 0x02, 0x0b})->registers[kRbp].kind() == Rule::Kind::kSame);
  CHECK(
      has_cfa(run({0x91, 0x02, 0x2e, 0x10, 0x00}), kRsp, 8));  // a vector register's rule and args_size are passed over
}

TEST_CASE("call frame instructions that can't be understood") {
  for (const Bytes& program :
       {Bytes{0x3f}, Bytes{0x0b}, Bytes{0x0e}, Bytes{0x0c, 0x07}, Bytes{0x0d, 0x40}, Bytes{0x0f, 0x05, 0x77},
        Bytes{0x10, 0x06, 0x7f}, Bytes{0x04, 1, 2}, Bytes{0x0a, 0x0a, 0x0a, 0x0a, 0x0a}, Bytes{0x0e, 0x80}}) {
    CHECK(!run(program));
  }
}

TEST_CASE("a byte reader stops for good at its end") {
  const std::uint8_t bytes[] = {0x81, 0x01, 0xff, 0x7f, 0x05};
  ByteReader reader(bytes, bytes + sizeof(bytes));
  CHECK(reader.uleb() == 129);
  CHECK(reader.sleb() == -1);
  CHECK(reader.fixed<std::uint16_t>() == 0);
  CHECK(reader.failed());
  CHECK(reader.byte() == 0);
  ByteReader endless(bytes + 2, bytes + 3);
  endless.uleb();
  CHECK(endless.failed());
}

}  // namespace
}  // namespace memprof::preload::test
