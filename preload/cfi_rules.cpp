#include "preload/cfi_rules.hpp"

#include "preload/cfi_bytes.hpp"

namespace memprof::preload {
namespace {

/// DW_CFA_*, DWARF 5 section 7.24, and the two of GNU's that occur.
enum Instruction : std::uint8_t {
  kNop = 0x00,
  kSetLocation = 0x01,
  kAdvance1 = 0x02,
  kAdvance2 = 0x03,
  kAdvance4 = 0x04,
  kOffsetExtended = 0x05,
  kRestoreExtended = 0x06,
  kUndefined = 0x07,
  kSameValue = 0x08,
  kInRegister = 0x09,
  kRememberState = 0x0a,
  kRestoreState = 0x0b,
  kDefineCfa = 0x0c,
  kDefineCfaRegister = 0x0d,
  kDefineCfaOffset = 0x0e,
  kDefineCfaExpression = 0x0f,
  kExpression = 0x10,
  kOffsetExtendedSigned = 0x11,
  kDefineCfaSigned = 0x12,
  kDefineCfaOffsetSigned = 0x13,
  kValueOffset = 0x14,
  kValueOffsetSigned = 0x15,
  kValueExpression = 0x16,
  kGnuArgsSize = 0x2e,
  kGnuNegativeOffset = 0x2f,
  // In the upper two bits, with an operand in the lower six.
  kAdvance = 0x40,
  kOffset = 0x80,
  kRestore = 0xc0,
};

class Program {
 public:
  Program(const FrameDescription& description, std::uintptr_t address, RuleScratch& scratch, FrameRules& rules)
      : description_(description),
        address_(address),
        scratch_(scratch),
        rules_(rules),
        location_(description.code_begin) {}

  bool run() {
    rules_ = FrameRules{};
    rules_.signal_frame = description_.signal_frame;
    if (!run_part(ByteReader(description_.common_program, description_.common_program_end))) return false;
    scratch_.initial = rules_;
    has_initial_ = true;
    return run_part(ByteReader(description_.program, description_.program_end));
  }

 private:
  bool run_part(ByteReader code) {
    while (!code.at_end() && !passed_) {
      const std::uint8_t opcode = code.byte();
      const std::uint8_t low = opcode & 0x3f;
      bool understood = true;
      switch (opcode & 0xc0) {
        case kAdvance:
          advance(low);
          break;
        case kOffset:
          set(low, Rule::Kind::kAtCfa, factored(static_cast<std::int64_t>(code.uleb())));
          break;
        case kRestore:
          understood = restore(low);
          break;
        default:
          understood = run_location(opcode, code) || run_cfa(opcode, code) || run_register(opcode, code) ||
                       run_state(opcode, code);
      }
      if (!understood || code.failed()) return false;
    }
    return true;
  }

  bool run_location(std::uint8_t opcode, ByteReader& code) {
    switch (opcode) {
      case kSetLocation: {
        const std::uint64_t location = code.pointer(description_.pointer_encoding, 0);
        if (location < location_) return false;
        advance_to(location);
        return true;
      }
      case kAdvance1:
        advance(code.byte());
        return true;
      case kAdvance2:
        advance(code.fixed<std::uint16_t>());
        return true;
      case kAdvance4:
        advance(code.fixed<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  bool run_cfa(std::uint8_t opcode, ByteReader& code) {
    switch (opcode) {
      case kDefineCfa:
        return define_cfa_register(code.uleb()) && define_cfa_offset(static_cast<std::int64_t>(code.uleb()));
      case kDefineCfaSigned:
        return define_cfa_register(code.uleb()) && define_cfa_offset(factored(code.sleb()));
      case kDefineCfaRegister:
        return define_cfa_register(code.uleb());
      case kDefineCfaOffset:
        return define_cfa_offset(static_cast<std::int64_t>(code.uleb()));
      case kDefineCfaOffsetSigned:
        return define_cfa_offset(factored(code.sleb()));
      case kDefineCfaExpression:
        rules_.cfa = Rule(Rule::Kind::kExpression, code.position());
        code.skip(code.uleb());
        return true;
      default:
        return false;
    }
  }

  bool run_register(std::uint8_t opcode, ByteReader& code) {
    using Kind = Rule::Kind;
    if ((opcode < kOffsetExtended || opcode > kInRegister) && opcode != kExpression &&
        opcode != kOffsetExtendedSigned && (opcode < kValueOffset || opcode > kValueExpression) &&
        opcode != kGnuNegativeOffset) {
      return false;
    }
    const std::uint64_t number = code.uleb();
    switch (opcode) {
      case kOffsetExtended:
        set(number, Kind::kAtCfa, factored(static_cast<std::int64_t>(code.uleb())));
        return true;
      case kOffsetExtendedSigned:
        set(number, Kind::kAtCfa, factored(code.sleb()));
        return true;
      case kGnuNegativeOffset:
        set(number, Kind::kAtCfa, -factored(static_cast<std::int64_t>(code.uleb())));
        return true;
      case kRestoreExtended:
        return restore(number);
      case kUndefined:
        set(number, Kind::kUndefined, 0);
        return true;
      case kSameValue:
        set(number, Kind::kSame, 0);
        return true;
      case kInRegister:
        set(number, Kind::kRegister, static_cast<std::int64_t>(code.uleb()));
        return true;
      case kValueOffset:
        set(number, Kind::kCfaPlus, factored(static_cast<std::int64_t>(code.uleb())));
        return true;
      case kValueOffsetSigned:
        set(number, Kind::kCfaPlus, factored(code.sleb()));
        return true;
      default: {
        const std::uint8_t* block = code.position();
        code.skip(code.uleb());
        set(number, Rule(opcode == kExpression ? Kind::kAtExpression : Kind::kExpression, block));
        return true;
      }
    }
  }

  bool run_state(std::uint8_t opcode, ByteReader& code) {
    switch (opcode) {
      case kNop:
        return true;
      case kGnuArgsSize:
        code.uleb();
        return true;
      case kRememberState:
        if (remembered_ == RuleScratch::kRemembered) return false;
        scratch_.remembered[remembered_++] = rules_;
        return true;
      case kRestoreState:
        if (remembered_ == 0) return false;
        rules_ = scratch_.remembered[--remembered_];
        return true;
      default:
        return false;
    }
  }

  std::int64_t factored(std::int64_t value) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) *
                                     static_cast<std::uint64_t>(description_.data_alignment));
  }

  void advance(std::uint64_t units) { advance_to(location_ + units * description_.code_alignment); }

  void advance_to(std::uint64_t location) {
    location_ = location;
    passed_ = location_ > address_;
  }

  bool define_cfa_register(std::uint64_t number) {
    if (number >= kRegisterCount) return false;
    rules_.cfa = Rule(Rule::Kind::kRegister, static_cast<std::int64_t>(number));
    return true;
  }

  bool define_cfa_offset(std::int64_t offset) {
    rules_.cfa_offset = offset;
    return true;
  }

  /// Where a register is; those that play no part in unwinding (vector registers and the like) are passed over.
  void set(std::uint64_t number, Rule::Kind kind, std::int64_t value) { set(number, Rule(kind, value)); }
  void set(std::uint64_t number, Rule rule) {
    if (number == description_.return_column) number = kRip;
    if (number < kRegisterCount) rules_.registers[number] = rule;
  }

  bool restore(std::uint64_t number) {
    if (!has_initial_) return false;
    if (number == description_.return_column) number = kRip;
    set(number, number < kRegisterCount ? scratch_.initial.registers[number] : Rule());
    return true;
  }

  const FrameDescription& description_;
  const std::uintptr_t address_;
  RuleScratch& scratch_;
  FrameRules& rules_;
  std::uint64_t location_;
  unsigned remembered_ = 0;
  bool has_initial_ = false;
  bool passed_ = false;
};

}  // namespace

bool run_frame_program(const FrameDescription& description, std::uintptr_t address, RuleScratch& scratch,
                       FrameRules& rules) {
  return Program(description, address, scratch, rules).run();
}

}  // namespace memprof::preload
