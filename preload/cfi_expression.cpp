#include "preload/cfi_expression.hpp"

#include "preload/cfi_bytes.hpp"

namespace memprof::preload {
namespace {

/// DW_OP_*, DWARF 5 section 7.7.1: those that make sense without a frame base or debug information.
enum Operator : std::uint8_t {
  kAddress = 0x03,
  kDereference = 0x06,
  kConst1u = 0x08,
  kConst1s = 0x09,
  kConst2u = 0x0a,
  kConst2s = 0x0b,
  kConst4u = 0x0c,
  kConst4s = 0x0d,
  kConst8u = 0x0e,
  kConst8s = 0x0f,
  kConstUleb = 0x10,
  kConstSleb = 0x11,
  kDuplicate = 0x12,
  kDrop = 0x13,
  kOver = 0x14,
  kPick = 0x15,
  kSwap = 0x16,
  kRotate = 0x17,
  kAbsolute = 0x19,
  kAnd = 0x1a,
  kDivide = 0x1b,
  kMinus = 0x1c,
  kModulo = 0x1d,
  kMultiply = 0x1e,
  kNegate = 0x1f,
  kNot = 0x20,
  kOr = 0x21,
  kPlus = 0x22,
  kPlusConst = 0x23,
  kShiftLeft = 0x24,
  kShiftRight = 0x25,
  kShiftRightSigned = 0x26,
  kXor = 0x27,
  kBranch = 0x28,
  kEqual = 0x29,
  kGreaterEqual = 0x2a,
  kGreater = 0x2b,
  kLessEqual = 0x2c,
  kLess = 0x2d,
  kNotEqual = 0x2e,
  kSkip = 0x2f,
  kLiteral0 = 0x30,
  kLiteral31 = 0x4f,
  kRegisterPlus0 = 0x70,
  kRegisterPlus31 = 0x8f,
  kRegisterPlusX = 0x92,
  kDereferenceSize = 0x94,
  kNop = 0x96,
};

std::uintptr_t word(std::int64_t value) { return static_cast<std::uintptr_t>(value); }
std::int64_t number(std::uintptr_t value) { return static_cast<std::int64_t>(value); }

class Machine {
 public:
  Machine(ByteReader code, const ExpressionInput& input, RegisterMask& used, ReadLog& log)
      : begin_(code.position()), code_(code), input_(input), used_(used), log_(log) {}

  Evaluated run(std::uintptr_t& result) {
    if (input_.initial != nullptr) push(*input_.initial);
    // Branches can loop; no expression of a compiler or an assembler file comes near this.
    for (unsigned steps = 0; steps < 1000 && !code_.at_end(); ++steps) {
      const std::uint8_t op = code_.byte();
      const bool understood = run_constant(op) || run_register(op) || run_stack(op) || run_binary(op) || run_other(op);
      if (needs_register_) return Evaluated::kNeedsRegister;
      if (!understood || failed_ || code_.failed()) return Evaluated::kFailed;
    }
    if (!code_.at_end() || depth_ == 0) return Evaluated::kFailed;
    result = stack_[depth_ - 1];
    return Evaluated::kValue;
  }

 private:
  static constexpr unsigned kDepth = 16;

  void push(std::uintptr_t value) {
    if (depth_ == kDepth) {
      failed_ = true;
    } else {
      stack_[depth_++] = value;
    }
  }

  std::uintptr_t pop() {
    if (depth_ == 0) {
      failed_ = true;
      return 0;
    }
    return stack_[--depth_];
  }

  void pick(unsigned from_top) {
    if (from_top >= depth_) {
      failed_ = true;
    } else {
      push(stack_[depth_ - 1 - from_top]);
    }
  }

  bool run_constant(std::uint8_t op) {
    if (op >= kLiteral0 && op <= kLiteral31) {
      push(static_cast<std::uintptr_t>(op - kLiteral0));
      return true;
    }
    switch (op) {
      case kConst1u:
        push(code_.byte());
        return true;
      case kConst1s:
        push(word(code_.fixed<std::int8_t>()));
        return true;
      case kConst2u:
        push(code_.fixed<std::uint16_t>());
        return true;
      case kConst2s:
        push(word(code_.fixed<std::int16_t>()));
        return true;
      case kConst4u:
        push(code_.fixed<std::uint32_t>());
        return true;
      case kConst4s:
        push(word(code_.fixed<std::int32_t>()));
        return true;
      case kAddress:
      case kConst8u:
      case kConst8s:
        push(code_.fixed<std::uint64_t>());
        return true;
      case kConstUleb:
        push(code_.uleb());
        return true;
      case kConstSleb:
        push(word(code_.sleb()));
        return true;
      default:
        return false;
    }
  }

  bool run_register(std::uint8_t op) {
    if ((op < kRegisterPlus0 || op > kRegisterPlus31) && op != kRegisterPlusX) return false;
    const std::uint64_t which = op == kRegisterPlusX ? code_.uleb() : std::uint64_t{op} - kRegisterPlus0;
    const std::int64_t offset = code_.sleb();
    if (which >= kRegisterCount) return false;
    const RegisterMask mask = mask_of(static_cast<unsigned>(which));
    if ((input_.registers.known & mask) == 0) {
      needs_register_ = true;
      return false;
    }
    used_ |= mask;
    push(input_.registers.values[which] + word(offset));
    return true;
  }

  bool run_stack(std::uint8_t op) {
    switch (op) {
      case kDuplicate:
        pick(0);
        return true;
      case kDrop:
        pop();
        return true;
      case kOver:
        pick(1);
        return true;
      case kPick:
        pick(code_.byte());
        return true;
      case kSwap: {
        const std::uintptr_t top = pop();
        const std::uintptr_t second = pop();
        push(top);
        push(second);
        return true;
      }
      case kRotate: {
        const std::uintptr_t top = pop();
        const std::uintptr_t second = pop();
        const std::uintptr_t third = pop();
        push(top);
        push(third);
        push(second);
        return true;
      }
      default:
        return false;
    }
  }

  bool run_binary(std::uint8_t op) {
    if (op < kAnd || op == kNegate || op == kNot || op == kPlusConst || op == kBranch || op > kNotEqual) return false;
    const std::uintptr_t right = pop();
    const std::uintptr_t left = pop();
    push(op >= kEqual ? compare(op, number(left), number(right)) : combine(op, left, right));
    return true;
  }

  static std::uintptr_t compare(std::uint8_t op, std::int64_t left, std::int64_t right) {
    switch (op) {
      case kEqual:
        return left == right;
      case kGreaterEqual:
        return left >= right;
      case kGreater:
        return left > right;
      case kLessEqual:
        return left <= right;
      case kLess:
        return left < right;
      default:
        return left != right;
    }
  }

  std::uintptr_t combine(std::uint8_t op, std::uintptr_t left, std::uintptr_t right) {
    switch (op) {
      case kAnd:
        return left & right;
      case kOr:
        return left | right;
      case kXor:
        return left ^ right;
      case kPlus:
        return left + right;
      case kMinus:
        return left - right;
      case kMultiply:
        return left * right;
      case kShiftLeft:
        return right < 64 ? left << right : 0;
      case kShiftRight:
        return right < 64 ? left >> right : 0;
      case kShiftRightSigned:
        return word(number(left) >> (right < 64 ? right : 63));
      default:  // division: by zero and INT64_MIN / -1 would trap
        if (right == 0 || (op == kDivide && number(right) == -1)) {
          failed_ = right == 0;
          return 0 - left;
        }
        return op == kDivide ? word(number(left) / number(right)) : left % right;
    }
  }

  bool run_other(std::uint8_t op) {
    switch (op) {
      case kDereference:
        load(8);
        return true;
      case kDereferenceSize:
        load(code_.byte());
        return true;
      case kPlusConst:
        push(pop() + code_.uleb());
        return true;
      case kAbsolute: {
        const std::uintptr_t value = pop();
        push(number(value) < 0 ? 0 - value : value);
        return true;
      }
      case kNegate:
        push(0 - pop());
        return true;
      case kNot:
        push(~pop());
        return true;
      case kSkip:
        jump(code_.fixed<std::int16_t>());
        return true;
      case kBranch: {
        const std::int16_t distance = code_.fixed<std::int16_t>();
        if (pop() != 0) jump(distance);
        return true;
      }
      case kNop:
        return true;
      default:
        return false;
    }
  }

  /// Whole words only in the log, so that a later look at it compares what was read.
  void load(std::uint8_t bytes) {
    const std::uintptr_t address = pop();
    std::uintptr_t value = 0;
    if (bytes == 0 || bytes > 8 || !input_.memory.load(address, value)) {
      failed_ = true;
      return;
    }
    log_.add(address, value, LoggedRead::kForCfa);
    if (bytes < 8) value &= (std::uintptr_t{1} << (8 * bytes)) - 1;
    push(value);
  }

  void jump(std::int16_t distance) {
    const std::int64_t target = (code_.position() - begin_) + distance;
    if (target < 0 || target > code_.end() - begin_) {
      failed_ = true;
    } else {
      code_ = ByteReader(begin_ + target, code_.end());
    }
  }

  const std::uint8_t* begin_;
  ByteReader code_;
  const ExpressionInput& input_;
  RegisterMask& used_;
  ReadLog& log_;
  std::uintptr_t stack_[kDepth];
  unsigned depth_ = 0;
  bool failed_ = false;
  bool needs_register_ = false;
};

}  // namespace

Evaluated evaluate_expression(const std::uint8_t* block, const ExpressionInput& input, std::uintptr_t& result,
                              RegisterMask& used, ReadLog& log) {
  constexpr std::size_t kLongestLength = 10;  // of a ULEB; the block as a whole was checked when its rule was made
  ByteReader reader(block, block + kLongestLength);
  const std::uint64_t bytes = reader.uleb();
  if (reader.failed()) return Evaluated::kFailed;
  return Machine(ByteReader(reader.position(), reader.position() + bytes), input, used, log).run(result);
}

}  // namespace memprof::preload
