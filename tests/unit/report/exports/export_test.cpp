#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "report/export_csv.hpp"
#include "report/export_dhat.hpp"
#include "report/export_folded.hpp"
#include "report/export_massif.hpp"
#include "report/export_pprof.hpp"
#include "report/export_speedscope.hpp"
#include "tests/approved/approval.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"
#include "tests/unit/report/exports/exported.hpp"
#include "tests/unit/report/exports/odd_profile.hpp"

#include <nlohmann/json.hpp>

namespace memprof::tests {
namespace {

using namespace memprof::report;
using Json = nlohmann::json;

std::string folded(const Profile& profile, Metric metric) {
  return exported([&](const ByteSink& sink) { return export_folded(profile, metric, sink); });
}
std::string speedscope(const Profile& profile, const std::vector<Metric>& metrics) {
  return exported([&](const ByteSink& sink) { return export_speedscope(profile, metrics, sink); });
}
std::string massif(const Profile& profile) {
  return exported([&](const ByteSink& sink) { return export_massif(profile, sink); });
}
std::string dhat(const Profile& profile) {
  return exported([&](const ByteSink& sink) { return export_dhat(profile, sink); });
}
std::string csv(const Profile& profile) {
  return exported([&](const ByteSink& sink) { return export_csv(profile, sink); });
}

const std::vector<Metric> kUsualMetrics{Metric::kPeak, Metric::kLive, Metric::kAllocated};

}  // namespace

TEST_CASE("folded stacks are as approved") {
  check_approved("exports/peak.folded", folded(odd_profile(), Metric::kPeak));
  check_approved("exports/temporary.folded", folded(odd_profile(), Metric::kTemporary));
  check_approved("exports/freed.folded", folded(odd_profile(), Metric::kFreed));
}

TEST_CASE("speedscope's file is as approved") {
  check_approved("exports/speedscope.json", speedscope(odd_profile(), kUsualMetrics));
  check_approved("exports/temporary.speedscope.json", speedscope(odd_profile(), {Metric::kTemporary}));
}

TEST_CASE("massif's file is as approved") { check_approved("exports/massif.out", massif(odd_profile())); }

TEST_CASE("dhat's file is as approved") { check_approved("exports/dhat.json", dhat(odd_profile())); }

TEST_CASE("the table of sites is as approved") { check_approved("exports/sites.csv", csv(odd_profile())); }

TEST_CASE("folded figures add up to the totals") {
  const Profile profile = odd_profile();
  const auto sum = [&](Metric metric) {
    std::istringstream lines(folded(profile, metric));
    std::uint64_t total = 0;
    for (std::string line; std::getline(lines, line);) total += std::stoull(line.substr(line.rfind(' ')));
    return total;
  };
  CHECK(sum(Metric::kPeak) == profile.totals.peak_bytes);
  CHECK(sum(Metric::kLive) == profile.totals.live_bytes);
  CHECK(sum(Metric::kAllocated) == profile.totals.allocated_bytes);
  CHECK(sum(Metric::kTemporary) == profile.totals.temporary_allocations);
  CHECK(sum(Metric::kFreed) == profile.totals.freed_bytes);
}

TEST_CASE("speedscope's weights match its samples and add up") {
  const Profile profile = odd_profile();
  const Json json = Json::parse(speedscope(profile, kUsualMetrics));
  const std::vector<std::uint64_t> totals{profile.totals.peak_bytes, profile.totals.live_bytes,
                                          profile.totals.allocated_bytes};
  REQUIRE(json["profiles"].size() == totals.size());
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const Json& metric = json["profiles"][i];
    CHECK(metric["samples"].size() == metric["weights"].size());
    std::uint64_t sum = 0;
    for (const Json& weight : metric["weights"]) sum += weight.get<std::uint64_t>();
    CHECK(sum == totals[i]);
    CHECK(metric["endValue"] == totals[i]);
    for (const Json& sample : metric["samples"]) {
      for (const Json& frame : sample) CHECK(frame < json["shared"]["frames"].size());
    }
  }
}

TEST_CASE("dhat's points differ in their stacks and add up") {
  const Profile profile = odd_profile();
  const Json json = Json::parse(dhat(profile));
  std::set<Json> stacks;
  std::uint64_t allocated = 0;
  std::uint64_t at_peak = 0;
  std::uint64_t at_end = 0;
  for (const Json& point : json["pps"]) {
    CHECK(stacks.insert(point["fs"]).second);
    for (const Json& frame : point["fs"]) {
      CHECK(frame > 0);  // 0 is "[root]"
      CHECK(frame < json["ftbl"].size());
    }
    allocated += point["tb"].get<std::uint64_t>();
    at_peak += point["gb"].get<std::uint64_t>();
    at_end += point["eb"].get<std::uint64_t>();
  }
  CHECK(allocated == profile.totals.allocated_bytes);
  CHECK(at_peak == profile.totals.peak_bytes);
  CHECK(at_end == profile.totals.live_bytes);
}

TEST_CASE("massif thins a long timeline without losing its highest point") {
  ProfileBuilder b;
  b.allocations({{.function = "main"}}, 1, 10, 1);
  Profile profile = b.finished();
  for (int i = 0; i < 5'000; ++i) profile.timeline.push_back({i * 0.001, 5, 5, 0, 0});
  profile.timeline[3'333].live_bytes = 9;
  const std::string text = massif(profile);
  std::size_t snapshots = 0;
  for (std::size_t at = text.find("snapshot="); at != std::string::npos; at = text.find("snapshot=", at + 1))
    ++snapshots;
  CHECK(snapshots <= 100);
  CHECK(snapshots > 90);
  CHECK(text.find("time=3333\nmem_heap_B=9\n") != std::string::npos);
}

TEST_CASE("massif's trees end at 30 frames and leave out what is below 1 %") {
  ProfileBuilder b;
  NodeIndex node = kCompleteRoot;
  for (int i = 0; i < 20'000; ++i) {
    node = static_cast<NodeIndex>(b.profile.stacks.size());
    b.profile.stacks.push_back({node == kRootCount ? kCompleteRoot : node - 1, b.frame({.function = "again()"})});
  }
  Site site;
  site.stack = node;
  site.allocations = site.peak_blocks = 1;
  site.allocated_bytes = site.peak_bytes = 1000;
  b.profile.sites.push_back(site);
  const std::string text = massif(b.finished());
  CHECK(text.find("\n" + std::string(30, ' ') + "n0: 1000 ") != std::string::npos);
  CHECK(text.find("\n" + std::string(31, ' ')) == std::string::npos);
}

TEST_CASE("an empty profile can be exported to every format") {
  const Profile empty = ProfileBuilder().finished();
  CHECK(folded(empty, Metric::kPeak).empty());
  CHECK(Json::parse(speedscope(empty, kUsualMetrics))["profiles"].size() == 3);
  CHECK(Json::parse(dhat(empty))["pps"].empty());
  CHECK(massif(empty).find("heap_tree=peak\nn0: 0 ") != std::string::npos);
  CHECK(csv(empty).find('\n') == csv(empty).size() - 1);
}

TEST_CASE("every valid profile can be exported to every format") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Profile profile = test::random_profile(seed);
    INFO("seed " << seed);
    for (const Metric metric : {Metric::kPeak, Metric::kLive}) {
      CHECK(folded(profile, metric).find("failed") != 0);
      CHECK(
          exported([&](const ByteSink& sink) { return export_pprof(profile, metric, sink); }).starts_with("\x1f\x8b"));
    }
    CHECK(Json::accept(speedscope(profile, kUsualMetrics)));
    CHECK(Json::accept(dhat(profile)));
    CHECK(massif(profile).starts_with("desc: "));
    CHECK(csv(profile).starts_with("function,"));
  }
}

TEST_CASE("a failing sink ends an export with its error") {
  const ByteSink full = [](std::string_view) { return Result<void>(failure("the disk is full")); };
  const Profile profile = odd_profile();
  CHECK(export_folded(profile, Metric::kPeak, full).error().what == "the disk is full");
  CHECK(export_speedscope(profile, kUsualMetrics, full).error().what == "the disk is full");
  CHECK(export_massif(profile, full).error().what == "the disk is full");
  CHECK(export_dhat(profile, full).error().what == "the disk is full");
  CHECK(export_csv(profile, full).error().what == "the disk is full");
  CHECK(export_pprof(profile, Metric::kLive, full).error().what == "the disk is full");
}

}  // namespace memprof::tests
