#pragma once
// From a code address to its unwind rules: the file it belongs to, the file's call frame information, the rules in
// force.

#include <cstdint>

#include "preload/cfi_rules.hpp"

namespace memprof::preload {

class ModuleList;

/// What the unwind information says about `address` (a stack node's), and about its module.
struct FoundRules {
  FrameRules rules;  ///< if `known`
  std::uint16_t module;
  bool known;
  bool in_file;  ///< false: no loaded file's address, which can change without a new generation
};
void find_rules(std::uintptr_t address, ModuleList& modules, RuleScratch& scratch, FoundRules& found);

}  // namespace memprof::preload
