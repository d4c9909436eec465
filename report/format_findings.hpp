#pragma once
// What all formats have in common: the list of what failed, each with the place in the repository to show it at.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/format.hpp"
#include "report/gate.hpp"

namespace memprof::report {

/// A line of source. CI systems show something at it only when it is in the repository.
struct FindingPlace {
  std::string path;  ///< relative to the repository's root, else as the compiler wrote it
  std::uint32_t line = 0;
  bool in_repository = false;
  std::string function;  ///< that the line belongs to; empty: the place is in no program
};

struct Finding {
  std::string rule;                  ///< RuleResult::id, or kProgramFailed, kIncompleteProfile
  std::string title;                 ///< a phrase
  std::string message;               ///< a sentence in one clean line
  std::optional<std::size_t> index;  ///< in Verdict::rules
  const GateSite* site = nullptr;    ///< null: what failed is not one call stack's doing
  std::optional<FindingPlace> place;
};

inline constexpr char kProgramFailed[] = "program-failed";
inline constexpr char kIncompleteProfile[] = "incomplete-profile";

/// Worst first; each failing site once, under the first rule that blames it. Empty exactly when the verdict is a pass.
/// Points into `verdict`.
std::vector<Finding> findings_of(const Verdict& verdict, const FormatContext& context);

/// The path relative to the repository's root; empty when it is not in the repository. What was compiled elsewhere
/// (another machine, another checkout) is found by the longest end of the path that the repository has.
std::string repository_path(const std::string& file, const FormatContext& context);

FindingPlace place_of(const GateFrame& frame, const FormatContext& context);

/// Of the frame to show, or of the next outer one that is in the repository.
std::optional<FindingPlace> place_of(const GateSite& site, const FormatContext& context);

/// "src/parser.cpp:12", or the module where no line is known.
std::string place_text(const GateFrame& frame, const FormatContext& context);

/// The user's code on the stack, "in FUNCTION at PLACE", a line each, clean, without an end of line at the end.
std::string stack_text(const GateSite& site, const FormatContext& context);

/// The innermost function of the user's code, as the fingerprint has it: the same for every build and in every place.
std::string function_of(const GateSite& site);

/// "4.0 KiB" or "12"
std::string amount_text(Unit unit, std::uint64_t value);

}  // namespace memprof::report
