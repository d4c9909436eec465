#include "preload/unwind_row.hpp"

namespace memprof::preload {

UnwindRow UnwindRow::from_rules(const FrameRules& rules, std::uint16_t module, std::uint32_t generation) {
  using RuleKind = Rule::Kind;
  const UnwindRow full = other(Kind::kFullRules, module, generation);
  const Rule& return_rule = rules.registers[kRip];
  if (return_rule.kind() == RuleKind::kUndefined) return other(Kind::kOutermost, module, generation);
  if (return_rule.kind() == RuleKind::kSame) return other(Kind::kNoRules, module, generation);
  if (rules.signal_frame || rules.cfa.kind() != RuleKind::kRegister) return full;
  const bool from_rbp = rules.cfa.number() == kRbp;
  if (!from_rbp && rules.cfa.number() != kRsp) return full;
  if (return_rule.kind() != RuleKind::kAtCfa || return_rule.number() != -8) return full;
  if (rules.registers[kRsp].kind() != RuleKind::kSame) return full;

  const std::int64_t cfa_offset = rules.cfa_offset;
  if (cfa_offset < 8 || cfa_offset % 8 != 0 || cfa_offset / 8 > static_cast<std::int64_t>(kMaxCfaWords)) return full;
  const Rule& rbp_rule = rules.registers[kRbp];
  const bool saves_rbp = rbp_rule.kind() == RuleKind::kAtCfa;
  if (!saves_rbp && rbp_rule.kind() != RuleKind::kSame) return full;
  const std::int64_t rbp_depth = saves_rbp ? -rbp_rule.number() : 8;
  if (rbp_depth < 8 || rbp_depth % 8 != 0 || rbp_depth / 8 > static_cast<std::int64_t>(kMaxRbpWords)) return full;
  // The walk loads the slot after it has checked the CFA alone. It may: the slot lies between the callee's frame, which
  // was read already, and the CFA.
  if (rbp_depth > (from_rbp ? 16 : cfa_offset)) return full;
  return UnwindRow(stamp(generation) | module | (from_rbp ? kCfaFromRbp : 0) | (saves_rbp ? kSavesRbp : 0) |
                   static_cast<std::uint64_t>(cfa_offset / 8) << kCfaShift |
                   static_cast<std::uint64_t>(rbp_depth / 8) << kRbpShift);
}

}  // namespace memprof::preload
