#include "report/gate_judge.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

namespace memprof::report {
namespace {

using Catch::Contains;
using tests::ProfileBuilder;

/// 3 blocks of 16 bytes unfreed in fill(), 2 of 8 in keep(), 100 freed allocations in work().
ProfileBuilder sample() {
  ProfileBuilder builder;
  builder.allocations({{.function = "fill()", .file = "/src/fill.cpp", .line = 3}, {.function = "main"}}, 5, 16, 3);
  builder.allocations({{.function = "keep()", .file = "/src/keep.cpp", .line = 7}, {.function = "main"}}, 2, 8, 2);
  builder.allocations({{.function = "work()", .file = "/src/work.cpp", .line = 9}, {.function = "main"}}, 100, 10, 0)
      .temporary_allocations = 60;
  return builder;
}

struct Case {
  Case() { profiles.push_back(sample().finished()); }
  explicit Case(std::vector<Profile> all) : profiles(std::move(all)) {}

  Result<Verdict> judged() {
    GateRun run;
    for (const Profile& profile : profiles) run.processes.push_back(&profile);
    run.program_failure = program_failure;
    GateInput input{{run}, rules, suppressions, baseline, "b.txt", default_rule, accept_baseline};
    return judge(input);
  }
  Verdict verdict() {
    auto result = judged();
    REQUIRE(result.has_value());
    return std::move(*result);
  }
  Outcome outcome() { return verdict().outcome; }
  void limit(LimitKind kind, std::uint64_t value, const std::string& pattern = "", bool optional = false) {
    rules.set({kind, value, pattern, "test", optional});
  }

  std::vector<Profile> profiles;
  GateRules rules;
  SuppressionSet suppressions;
  std::optional<Baseline> baseline;
  std::string program_failure;
  bool default_rule = false, accept_baseline = false;
};

TEST_CASE("without a rule nothing may be unfreed") {
  Case test;
  test.default_rule = true;
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kRuleFailed);
  CHECK(verdict.headline == "fail: unfreed blocks: 5, none allowed");
  REQUIRE(verdict.rules.size() == 1);
  CHECK(verdict.rules[0].id == "max-unfreed-blocks");
  CHECK(verdict.rules[0].origin == "default");
  CHECK(verdict.rules[0].sites == std::vector<std::size_t>{0, 1});
  CHECK(verdict.sites[0].path == FunctionPath{"fill", "main"});
  CHECK(verdict.sites[0].stack[*verdict.sites[0].location].line == 3);
  CHECK_THAT(verdict.sites[0].message, Contains("48 B in 3 blocks unfreed, allocated by malloc in fill()"));

  Case clean(std::vector<Profile>{ProfileBuilder().finished()});
  clean.default_rule = true;
  CHECK(clean.verdict().headline == "pass: 1 rule kept, nothing unfreed");
}

TEST_CASE("each limit holds up to its figure and not beyond") {
  const auto [kind, measured] = GENERATE(table<LimitKind, std::uint64_t>({{LimitKind::kUnfreedBytes, 64},
                                                                          {LimitKind::kUnfreedBlocks, 5},
                                                                          {LimitKind::kPeak, 1096},
                                                                          {LimitKind::kAllocations, 107},
                                                                          {LimitKind::kTemporary, 60}}));
  Case test;
  test.limit(kind, measured);
  CHECK(test.verdict().rules[0].measured == measured);
  CHECK(test.outcome() == Outcome::kPass);
  test.limit(kind, measured - 1);
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kRuleFailed);
  CHECK_FALSE(verdict.rules[0].sites.empty());
  for (const std::size_t site : verdict.rules[0].sites) CHECK(verdict.sites[site].failing());
}

TEST_CASE("a budget counts what its functions lead to") {
  Case test;
  test.limit(LimitKind::kUnfreedBytes, 47, "fill");
  test.limit(LimitKind::kUnfreedBytes, 16, "keep.cpp");
  test.limit(LimitKind::kPeak, 999, "work");
  test.limit(LimitKind::kAllocations, 107, "main");
  const Verdict verdict = test.verdict();
  REQUIRE(verdict.rules.size() == 4);
  CHECK(verdict.rules[0].id == "budget.unfreed-bytes");
  CHECK(verdict.rules[0].pattern == "fill");
  CHECK_FALSE(verdict.rules[0].passed);
  CHECK(verdict.rules[1].passed);
  CHECK_FALSE(verdict.rules[2].passed);
  CHECK(verdict.rules[3].passed);
  CHECK(verdict.rules[0].sites.size() == 1);
  CHECK_THAT(verdict.headline, Contains("unfreed bytes of fill: 48 B, at most 47 B allowed (and 1 more broken rule)"));
}

TEST_CASE("a budget that names nothing is an error, unless it may") {
  Case test;
  test.limit(LimitKind::kPeak, 1000000, "fil");
  const auto result = test.judged();
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ExitCode::kUsage);
  CHECK_THAT(result.error().what, Contains("'fil' (test) names no function"));
  test.limit(LimitKind::kPeak, 1000000, "fil", true);
  CHECK(test.outcome() == Outcome::kPass);
}

TEST_CASE("rounding does not hide by how much a limit is exceeded") {
  Case test;
  test.profiles[0].totals.peak_bytes = (64 << 20) + 1;
  test.limit(LimitKind::kPeak, 64 << 20);
  CHECK_THAT(test.verdict().headline, Contains("67,108,865 B, at most 67,108,864 B allowed"));
}

TEST_CASE("processes add up, but for the peak") {
  Case test({sample().finished(), sample().finished()});
  for (const auto& [kind, measured] :
       {std::pair{LimitKind::kUnfreedBytes, 128u}, {LimitKind::kAllocations, 214u}, {LimitKind::kPeak, 1096u}}) {
    test.limit(kind, measured);
  }
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kPass);
  CHECK(verdict.rules[0].measured == 128);
  CHECK(verdict.rules[2].measured == 1096);
  CHECK(verdict.processes.size() == 2);
}

TEST_CASE("what a program that was replaced by exec had is not unfreed") {
  Case test;
  test.profiles[0].process.end_kind = EndKind::kReplaced;
  test.limit(LimitKind::kUnfreedBlocks, 0);
  CHECK(test.outcome() == Outcome::kPass);
  test.limit(LimitKind::kAllocations, 0);
  CHECK(test.outcome() == Outcome::kRuleFailed);
}

TEST_CASE("what is suppressed is counted apart and blamed by no rule") {
  Case test;
  REQUIRE(test.suppressions.add_text("leak:fill\nleak:unused\n", "a.supp").has_value());
  test.limit(LimitKind::kUnfreedBytes, 16);
  test.limit(LimitKind::kUnfreedBytes, 0, "fill");
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kPass);
  CHECK(verdict.rules[0].measured == 16);
  CHECK(verdict.suppressions.at(0).blocks == 3);
  CHECK(verdict.suppressions.at(0).bytes == 48);
  CHECK(verdict.suppressions.at(1).sites == 0);
  REQUIRE(verdict.sites.size() == 2);
  CHECK(verdict.sites[1].suppression == 0u);
  CHECK_THAT(verdict.headline, Contains("(3 blocks suppressed)"));
  CHECK(baseline_of(verdict).sites.size() == 1);
}

TEST_CASE("against a baseline only new and grown sites fail") {
  Case test;
  test.baseline = baseline_of(test.verdict());
  CHECK(test.outcome() == Outcome::kPass);

  test.baseline->sites.pop_back();
  const Verdict with_new = test.verdict();
  CHECK(with_new.outcome == Outcome::kRuleFailed);
  CHECK(with_new.rules.at(0).id == "no-new-sites");
  CHECK(with_new.rules.at(0).measured == 1);
  CHECK(with_new.rules.at(1).passed);
  CHECK(with_new.sites.at(with_new.rules[0].sites.at(0)).status == SiteStatus::kNew);
  test.rules.no_new_sites = false;
  CHECK(test.outcome() == Outcome::kPass);

  test.baseline->sites[0].bytes = 1;
  const Verdict with_grown = test.verdict();
  CHECK(with_grown.outcome == Outcome::kRuleFailed);
  CHECK_FALSE(with_grown.rules.at(0).passed);
  test.accept_baseline = true;
  CHECK(test.outcome() == Outcome::kPass);
}

TEST_CASE("option --max-growth also holds the peak") {
  Case test;
  test.baseline = baseline_of(test.verdict());
  CHECK(test.baseline->peak_bytes == 1096);
  test.rules.max_growth = 0.1;
  test.baseline->peak_bytes = 997;
  CHECK(test.outcome() == Outcome::kPass);
  test.baseline->peak_bytes = 996;
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kRuleFailed);
  CHECK(verdict.rules.at(2).id == "max-growth.peak");
  CHECK_FALSE(verdict.rules.at(2).sites.empty());
}

TEST_CASE("an incomplete profile passes only when it is allowed to") {
  Case test;
  test.limit(LimitKind::kPeak, 1096);
  test.profiles[0].capture.complete = false;
  test.profiles[0].capture.incomplete_reasons = {"3 events were dropped"};
  const Verdict verdict = test.verdict();
  CHECK(verdict.outcome == Outcome::kIncomplete);
  CHECK(exit_status(verdict.outcome) == 3);
  CHECK_THAT(verdict.headline, Contains("not complete: app (4711): 3 events were dropped"));
  test.profiles[0].capture.incomplete_reasons.clear();
  CHECK(test.outcome() == Outcome::kIncomplete);
  test.rules.allow_incomplete = true;
  CHECK(test.outcome() == Outcome::kPass);
  test.limit(LimitKind::kPeak, 1095);
  CHECK(test.outcome() == Outcome::kRuleFailed);
}

TEST_CASE("a profile that was written before its process ended is not complete") {
  Case test;
  test.profiles[0].process.end_kind = EndKind::kStillRunning;
  test.limit(LimitKind::kPeak, 1096);
  CHECK(test.outcome() == Outcome::kIncomplete);
}

TEST_CASE("a program that failed fails the gate, before all other reasons") {
  Case test;
  test.program_failure = "app ended with status 3";
  test.profiles[0].capture.complete = false;
  test.limit(LimitKind::kPeak, 0);
  CHECK(test.outcome() == Outcome::kProgramFailed);
  CHECK(test.verdict().headline == "fail: app ended with status 3");
  test.rules.ignore_exit_status = true;
  CHECK(test.outcome() == Outcome::kIncomplete);
  test.rules.allow_incomplete = true;
  CHECK(test.outcome() == Outcome::kRuleFailed);
}

TEST_CASE("baselines and budgets need call stacks") {
  Case test;
  test.profiles[0].capture.max_depth = 0;
  test.limit(LimitKind::kPeak, 1096);
  CHECK(test.outcome() == Outcome::kPass);
  test.limit(LimitKind::kPeak, 1096, "fill");
  CHECK_FALSE(test.judged().has_value());
  test.rules.limits.pop_back();
  test.baseline = Baseline{};
  CHECK_FALSE(test.judged().has_value());
}

Profile ticking(std::size_t ticks, bool leaks) {
  ProfileBuilder builder = sample();
  builder.profile.capture.tick_stride = 1;
  builder.profile.ticks.resize(ticks);
  for (std::uint32_t tick = 0; leaks && tick < ticks; ++tick) builder.profile.tick_changes.push_back({tick, 1, 1, 8});
  return builder.finished();
}

TEST_CASE("growth over ticks is judged where there are enough of them") {
  Case leak({ticking(5, true)}), clean({ticking(5, false)}), short_one({ticking(4, true)});
  leak.default_rule = clean.default_rule = short_one.default_rule = true;
  const Verdict verdict = leak.verdict();
  CHECK(verdict.outcome == Outcome::kRuleFailed);
  CHECK(verdict.rules.at(0).id == "no-tick-growth");
  REQUIRE(verdict.rules[0].sites.size() == 1);
  const GateSite& site = verdict.sites[verdict.rules[0].sites[0]];
  CHECK(site.path == FunctionPath{"keep", "main"});
  REQUIRE(site.growth.has_value());
  CHECK(site.growth->blocks_per_tick == 1);
  CHECK(clean.outcome() == Outcome::kPass);

  const Verdict unjudged = short_one.verdict();  // by what is unfreed instead
  CHECK(unjudged.rules.at(0).id == "max-unfreed-blocks");
  CHECK(unjudged.notes.size() == 1);
  short_one.rules.no_tick_growth = true;
  CHECK_FALSE(short_one.judged().has_value());

  leak.rules.no_tick_growth = false;
  leak.default_rule = false;
  CHECK(leak.outcome() == Outcome::kPass);
  Case without;
  without.rules.no_tick_growth = true;
  CHECK_FALSE(without.judged().has_value());
}

TEST_CASE("a suppressed site may grow") {
  Case test({ticking(10, true)});
  REQUIRE(test.suppressions.add_text("leak:keep\n", "a.supp").has_value());
  CHECK(test.outcome() == Outcome::kPass);
}

TEST_CASE("of repeats the middle counts, and growth from one to the next fails") {
  std::vector<Profile> profiles;
  for (std::uint64_t run = 0; run < 5; ++run) {
    ProfileBuilder builder;
    builder.allocations({{.function = "flaky"}}, 1, 8, run == 2 ? 1 : 0);
    builder.allocations({{.function = "steady"}}, 1, 8, 1);
    profiles.push_back(builder.finished());
  }
  SuppressionSet none;
  GateInput input{{}, {}, none, std::nullopt, "", false, false};
  input.rules.set({LimitKind::kUnfreedBlocks, 1, "", "test", false});
  for (const Profile& profile : profiles) input.runs.push_back({{&profile}, {}, ""});
  auto verdict = judge(input);
  REQUIRE(verdict.has_value());
  CHECK(verdict->outcome == Outcome::kPass);
  CHECK(verdict->rules[0].measured == 1);
  for (std::size_t run = 0; run < 5; ++run) {
    profiles[run].sites[1].live_blocks = run + 1;
    profiles[run].sites[1].live_bytes = 8 * (run + 1);
  }
  input.rules.limits[0].limit = 100;
  verdict = judge(input);
  REQUIRE(verdict.has_value());
  CHECK(verdict->outcome == Outcome::kRuleFailed);
  CHECK(verdict->rules[1].message == "sites that grow from run to run: 1, none allowed");
}

TEST_CASE("a process fails by its status or by a signal") {
  Process process;
  process.program = "app";
  process.end_kind = EndKind::kExited;
  CHECK(process_failure(process).empty());
  process.end_value = 3;
  CHECK(process_failure(process) == "app ended with status 3");
  process.end_kind = EndKind::kSignalled;
  CHECK(process_failure(process) == "app was killed by signal 3");
  process.end_kind = EndKind::kReplaced;
  CHECK(process_failure(process).empty());
}

}  // namespace
}  // namespace memprof::report
