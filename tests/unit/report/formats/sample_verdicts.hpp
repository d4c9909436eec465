#pragma once
// Verdicts with known contents for the tests of formats: names are as awkward as programs can make them.

#include <string>
#include <utility>
#include <vector>

#include "report/format.hpp"
#include "report/gate.hpp"

namespace memprof::tests {

using namespace memprof::report;

inline FormatContext sample_context() {
  const auto has_file = [](const std::string& path) { return path == "src/cache.cpp" || path == "memprof.toml"; };
  return {"/home/ana/my project", has_file, "1.2.3"};
}

inline GateFrame user_frame(std::string function, std::string file, std::uint32_t line) {
  return {std::move(function), std::move(file), line, "/home/ana/my project/build/app", false, true};
}

inline GateFrame library_frame(std::string function, std::string file, std::uint32_t line) {
  return {std::move(function), std::move(file), line, "/lib/x86_64-linux-gnu/libc.so.6", false, false};
}

inline RuleResult rule(std::string id, std::string title, Unit unit, std::uint64_t measured, std::uint64_t limit) {
  RuleResult result{
      std::move(id), std::move(title), {}, "command line", unit, limit, measured, measured <= limit, {}, {}};
  result.message = result.title + (result.passed ? ": kept" : ": too many, none allowed");
  return result;
}

inline void blame(Verdict& verdict, std::size_t rule_index, std::size_t site_index) {
  verdict.rules[rule_index].sites.push_back(site_index);
  verdict.sites[site_index].rules.push_back(rule_index);
}

inline GateSite sample_site(std::string fingerprint, std::vector<GateFrame> stack, std::uint64_t blocks,
                            std::uint64_t bytes) {
  GateSite site;
  site.fingerprint = std::move(fingerprint);
  for (const GateFrame& frame : stack) {
    if (frame.own) site.path.push_back(frame.function);
  }
  for (std::size_t i = 0; i < stack.size() && !site.location; ++i) {
    if (stack[i].own && stack[i].line > 0) site.location = i;
  }
  site.stack = std::move(stack);
  site.hook = "malloc";
  site.program = "app";
  site.now = {blocks, bytes, bytes, blocks, 0};
  site.message = std::to_string(bytes) + " B in " + std::to_string(blocks) +
                 " blocks unfreed, allocated by malloc in " + site.path.front();
  return site;
}

inline Verdict passing_verdict() {
  Verdict verdict;
  verdict.headline = "pass: 1 rule kept, nothing unfreed";
  verdict.rules = {rule("max-unfreed-bytes", "unfreed bytes", Unit::kBytes, 0, 0)};
  verdict.processes = {{"app", 41, "", 0, 0, 4096, 12, 3}};
  return verdict;
}

/// Three sites fail, with markup of every format in their names; one is suppressed.
inline Verdict failing_verdict() {
  Verdict verdict;
  verdict.outcome = Outcome::kRuleFailed;
  verdict.headline = "fail: unfreed bytes: 4.2 KiB, none allowed (and 2 more broken rules)";
  verdict.rules = {rule("max-unfreed-bytes", "unfreed bytes", Unit::kBytes, 4300, 0),
                   rule("max-unfreed-blocks", "unfreed blocks", Unit::kCount, 6, 0),
                   rule("max-allocations", "allocations", Unit::kCount, 10, 1000),
                   rule("budget.max-peak", "peak of Parser::*", Unit::kBytes, 70 << 20, 64 << 20)};
  verdict.rules[3].pattern = "Parser::*";
  verdict.rules[3].origin = "memprof.toml:12";
  verdict.sites = {
      sample_site("00000000000000aa",
                  {library_frame("operator new(unsigned long)", "", 0),
                   user_frame("std::map<int, A&B>::operator[](\"x|y\")", "/usr/include/c++/12/map", 500),
                   user_frame("Cache::fill<int>(char const*, bool)", "/home/ana/my project/src/50% a,b:c.cpp", 12),
                   user_frame("main", "/home/ana/my project/src/main.cpp", 7)},
                  4, 4096),
      sample_site("00000000000000bb",
                  {user_frame("::error::`*not_a_command*` ##[error]@ana|1", "/build/elsewhere/src/cache.cpp", 3),
                   user_frame("main", "/home/ana/my project/src/main.cpp", 9)},
                  1, 200),
      sample_site("00000000000000cc", {user_frame("bad\x01\xFF\n\nname]]>", "", 0)}, 1, 4),
      sample_site("00000000000000dd", {user_frame("known", "/home/ana/my project/src/main.cpp", 20)}, 2, 64)};
  verdict.sites[3].suppression = 0;
  for (const std::size_t site : {0U, 1U, 2U}) {
    blame(verdict, 0, site);
    blame(verdict, 1, site);
  }
  verdict.suppressions = {{"leak:known", "lsan.supp:3", false, 1, 2, 64}, {"leak:old", "lsan.supp:4", false, 0, 0, 0}};
  verdict.processes = {{"app", 41, "app.json", 8, 4364, 70 << 20, 10, 0}};
  verdict.notes = {"the suppression leak:old is unused"};
  return verdict;
}

/// Compared with a baseline: `new_sites` new ones fail, one has shrunk, one is fixed.
inline Verdict compared_verdict(std::size_t new_sites) {
  Verdict verdict;
  verdict.outcome = Outcome::kRuleFailed;
  verdict.headline = "fail: new sites: " + std::to_string(new_sites) + ", none allowed";
  verdict.baseline = "memprof.baseline";
  verdict.rules = {rule("no-new-sites", "new sites", Unit::kCount, new_sites, 0)};
  for (std::size_t i = 0; i < new_sites; ++i) {
    verdict.sites.push_back(sample_site("00000000000001" + std::to_string(10 + i),
                                        {user_frame("leak_" + std::to_string(i), "/home/ana/my project/src/main.cpp",
                                                    static_cast<std::uint32_t>(i + 1))},
                                        1, 100 - i));
    verdict.sites.back().status = SiteStatus::kNew;
    verdict.sites.back().message.insert(0, "new: ");
    blame(verdict, 0, i);
  }
  GateSite shrunk =
      sample_site("0000000000000200", {user_frame("load", "/home/ana/my project/src/main.cpp", 90)}, 1, 16);
  shrunk.status = SiteStatus::kShrunk;
  shrunk.before = GateFigures{3, 48, 0, 0, 0};
  GateSite fixed;
  fixed.fingerprint = "0000000000000201";
  fixed.path = {"store"};
  fixed.status = SiteStatus::kFixed;
  fixed.before = GateFigures{2, 32, 0, 0, 0};
  fixed.message = "fixed: 32 B in 2 blocks unfreed before, in store";
  verdict.sites.push_back(shrunk);
  verdict.sites.push_back(fixed);
  return verdict;
}

inline Verdict incomplete_verdict() {
  Verdict verdict = passing_verdict();
  verdict.outcome = Outcome::kIncomplete;
  verdict.incomplete_reasons = {"3 events were lost", "a process was not recorded"};
  verdict.headline = "fail: the profile is not complete: 3 events were lost";
  return verdict;
}

inline Verdict failed_program_verdict() {
  Verdict verdict = passing_verdict();
  verdict.outcome = Outcome::kProgramFailed;
  verdict.program_failure = "app ended with status 3";
  verdict.headline = "fail: app ended with status 3";
  return verdict;
}

inline std::vector<std::pair<std::string, Verdict>> sample_verdicts() {
  return {{"pass", passing_verdict()},
          {"fail", failing_verdict()},
          {"compared", compared_verdict(14)},
          {"incomplete", incomplete_verdict()},
          {"program", failed_program_verdict()}};
}

}  // namespace memprof::tests
