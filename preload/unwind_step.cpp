#include "preload/unwind_step.hpp"

#include "preload/cfi_expression.hpp"

namespace memprof::preload {
namespace {

class Stepper {
 public:
  Stepper(const FrameRules& rules, const RegisterFile& from, const StackMemory& memory, ReadLog& log)
      : rules_(rules), from_(from), memory_(memory), log_(log) {}

  Evaluated find_cfa() {
    if (rules_.cfa.kind() == Rule::Kind::kRegister) {
      const auto base = static_cast<unsigned>(rules_.cfa.number());
      if ((from_.known & mask_of(base)) == 0) return Evaluated::kNeedsRegister;
      used_ |= mask_of(base);
      cfa_ = from_.values[base] + static_cast<std::uintptr_t>(rules_.cfa_offset);
      return Evaluated::kValue;
    }
    if (rules_.cfa.kind() != Rule::Kind::kExpression) return Evaluated::kFailed;
    return evaluate_expression(rules_.cfa.block(), {from_, memory_, nullptr}, cfa_, used_, log_);
  }

  /// The caller's value of a register whose rule isn't kUndefined.
  Evaluated find(unsigned target, std::uintptr_t& value) {
    const Rule rule = rules_.registers[target];
    switch (rule.kind()) {
      case Rule::Kind::kSame:
        return copy(target, value);
      case Rule::Kind::kRegister:
        if (rule.number() < 0 || rule.number() >= kRegisterCount) return Evaluated::kFailed;
        if (target == kRip) used_ |= mask_of(static_cast<unsigned>(rule.number()));
        return copy(static_cast<unsigned>(rule.number()), value);
      case Rule::Kind::kAtCfa:
        return load(cfa_ + static_cast<std::uintptr_t>(rule.number()), target, value);
      case Rule::Kind::kCfaPlus:
        value = cfa_ + static_cast<std::uintptr_t>(rule.number());
        return Evaluated::kValue;
      case Rule::Kind::kAtExpression: {
        std::uintptr_t slot = 0;
        const Evaluated found = evaluate_expression(rule.block(), {from_, memory_, &cfa_}, slot, used_, log_);
        return found == Evaluated::kValue ? load(slot, target, value) : found;
      }
      case Rule::Kind::kExpression:
        return evaluate_expression(rule.block(), {from_, memory_, &cfa_}, value, used_, log_);
      case Rule::Kind::kUndefined:
        break;
    }
    return Evaluated::kFailed;
  }

  std::uintptr_t cfa() const { return cfa_; }
  RegisterMask used() const { return used_; }

 private:
  Evaluated copy(unsigned source, std::uintptr_t& value) {
    if ((from_.known & mask_of(source)) == 0) return Evaluated::kNeedsRegister;
    value = from_.values[source];
    return Evaluated::kValue;
  }

  Evaluated load(std::uintptr_t slot, unsigned target, std::uintptr_t& value) {
    if (!memory_.load(slot, value)) return Evaluated::kFailed;
    log_.add(slot, value, target);
    return Evaluated::kValue;
  }

  const FrameRules& rules_;
  const RegisterFile& from_;
  const StackMemory& memory_;
  ReadLog& log_;
  std::uintptr_t cfa_ = 0;
  RegisterMask used_ = 0;
};

Step failed(Evaluated why) { return why == Evaluated::kNeedsRegister ? Step::kNeedsRegister : Step::kCut; }

}  // namespace

Step step_by_rules(const FrameRules& rules, RegisterFile& registers, const StackMemory& memory, ReadLog& log) {
  const Rule return_rule = rules.registers[kRip];
  if (return_rule.kind() == Rule::Kind::kUndefined) return Step::kOutermost;
  if (return_rule.kind() == Rule::Kind::kSame) return Step::kCut;

  RegisterFile caller{};
  Stepper stepper(rules, registers, memory, log);
  if (const Evaluated found = stepper.find_cfa(); found != Evaluated::kValue) return failed(found);
  std::uintptr_t return_address = 0;
  if (const Evaluated found = stepper.find(kRip, return_address); found != Evaluated::kValue) return failed(found);
  for (unsigned number = 0; number < kRip; ++number) {
    const Rule::Kind kind = rules.registers[number].kind();
    std::uintptr_t value = stepper.cfa();
    if (kind == Rule::Kind::kUndefined) continue;
    const bool is_cfa = number == kRsp && kind == Rule::Kind::kSame;
    if (is_cfa || stepper.find(number, value) == Evaluated::kValue) caller.set(number, value);
  }
  caller.set(kRip, return_address);
  log.add(0, stepper.used() & ~(mask_of(kRsp) | mask_of(kRip)), LoggedRead::kUsedMask);
  if (return_address == 0) return Step::kOutermost;
  registers = caller;
  return Step::kFrame;
}

}  // namespace memprof::preload
