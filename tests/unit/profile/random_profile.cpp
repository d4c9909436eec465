#include "tests/unit/profile/random_profile.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

#include "profile/profile_fields.hpp"

namespace memprof::test {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(engine_);
  }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }

  template <typename T>
  T integer() {
    if (chance(8)) return std::numeric_limits<T>::max();
    if (chance(8)) return std::numeric_limits<T>::min();
    return static_cast<T>(engine_() >> below(64));
  }

  double real() {
    constexpr std::array kUnusual{0.0, -0.0, 0.1, -2.5, 1e-300, 1.7976931348623157e308, 5e-324, 123456789.125};
    return chance(3) ? kUnusual[below(kUnusual.size())] : std::ldexp(static_cast<double>(engine_()), -40);
  }

  std::string text() {
    constexpr std::array<std::string_view, 8> kPieces{"operator new[]", "\xff\xfe",     "\"\\\n\t",         "\xc3\xa9",
                                                      "\xee\xbe\x80",   "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\x7f"};
    std::string text;
    for (std::uint64_t count = below(5); count > 0; --count) {
      if (chance(3)) {
        text += static_cast<char>(below(256));
      } else {
        text += kPieces[below(kPieces.size())];
      }
    }
    return text;
  }

  std::uint32_t index(std::size_t rows, bool optional) {
    if (optional && (rows == 0 || chance(4))) return kNoIndex;
    return static_cast<std::uint32_t>(below(rows));
  }

 private:
  std::mt19937_64 engine_;
};

void fill(Random& random, Process& process) {
  process.pid = random.integer<std::int32_t>();
  process.parent_pid = random.integer<std::int32_t>();
  process.forked = random.chance(2);
  process.program = random.text();
  process.executable = random.text();
  for (std::uint64_t count = random.below(4); count > 0; --count) process.command.push_back(random.text());
  process.directory = random.text();
  process.start_unix_ms = random.integer<std::int64_t>();
  process.duration_s = random.real();
  process.end_kind = static_cast<EndKind>(random.below(Codec<EndKind>::kNames.size()));
  process.end_value = random.integer<std::int32_t>();
  process.architecture = random.text();
}

/// Objects and table rows that hold nothing but numbers are filled in by their fields' own reading functions.
template <typename Row, std::size_t kCount>
void fill_numbers(Random& random, Row& row, const std::array<Field<Row>, kCount>& fields) {
  for (const Field<Row>& field : fields) {
    if (field.reference != Reference::kNone || field.list_step > 0) continue;
    const std::array<Scalar, 5> candidates{Scalar{Scalar::Kind::kUnsigned, random.integer<std::uint64_t>(), 0, nullptr},
                                           Scalar{Scalar::Kind::kUnsigned, random.below(1u << 31), 0, nullptr},
                                           Scalar{Scalar::Kind::kBoolean, random.below(2), 0, nullptr},
                                           Scalar{Scalar::Kind::kReal, 0, random.real(), nullptr},
                                           Scalar{Scalar::Kind::kUnsigned, 1, 0, nullptr}};
    std::find_if(candidates.begin(), candidates.end(),
                 [&](const Scalar& candidate) { return field.read(row, candidate, 0); });
  }
}

Histogram random_histogram(Random& random) {
  Histogram bins;
  for (std::uint32_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    if (random.chance(20)) bins.push_back({bucket, std::max<std::uint64_t>(random.integer<std::uint64_t>(), 1)});
  }
  return bins;
}

void fill_stacks(Random& random, Profile& profile) {
  if (profile.frames.empty()) return;
  for (std::uint64_t count = random.below(40); count > 0; --count) {
    const auto node = profile.stacks.size();
    profile.stacks.push_back({random.index(node, false), random.index(profile.frames.size(), false)});
  }
}

void fill_sites(Random& random, const Profile& profile, std::vector<Site>& sites) {
  for (NodeIndex stack = 0; stack < profile.stacks.size(); ++stack) {
    if (random.chance(3)) continue;
    Site& site = sites.emplace_back();
    fill_numbers(random, site, kSiteFields);
    site.stack = stack;
    site.type = random.index(profile.types.size(), true);
    site.hook = random.index(profile.strings.size(), false);
    site.size_histogram = random_histogram(random);
    site.lifetime_histogram = random_histogram(random);
  }
}

/// Changes that never leave a site with less than nothing.
void fill_ticks(Random& random, Profile& profile) {
  for (std::uint64_t count = random.below(5); count > 0; --count) {
    fill_numbers(random, profile.ticks.emplace_back(), kTickFields);
  }
  std::sort(profile.ticks.begin(), profile.ticks.end(),
            [](const Tick& a, const Tick& b) { return a.time_s < b.time_s; });
  std::vector<std::int64_t> live(profile.sites.size());
  for (std::uint32_t tick = 0; tick < profile.ticks.size(); ++tick) {
    for (std::uint32_t site = 0; site < profile.sites.size(); ++site) {
      if (random.chance(2)) continue;
      const auto change = static_cast<std::int64_t>(random.below(1000)) - live[site];
      live[site] += change;
      profile.tick_changes.push_back({tick, site, change, change * 16});
    }
  }
}

void fill_scopes(Random& random, Profile& profile) {
  if (profile.threads.empty()) return;
  for (std::uint64_t count = random.below(10); count > 0; --count) {
    Scope scope;
    fill_numbers(random, scope, kScopeFields);
    scope.name = random.index(profile.strings.size(), false);
    scope.parent = random.index(profile.scopes.size(), true);
    scope.thread =
        scope.parent == kNoIndex ? random.index(profile.threads.size(), false) : profile.scopes[scope.parent].thread;
    profile.scopes.push_back(scope);
  }
  if (profile.scopes.empty()) return;
  for (std::uint64_t count = random.below(10); count > 0; --count) {
    ScopeCall& call = profile.scope_calls.emplace_back();
    fill_numbers(random, call, kScopeCallFields);
    call.scope = random.index(profile.scopes.size(), false);
  }
  std::sort(profile.scope_calls.begin(), profile.scope_calls.end(),
            [](const ScopeCall& a, const ScopeCall& b) { return a.begin_s < b.begin_s; });
}

void fill_snapshots(Random& random, Profile& profile) {
  profile.snapshot.kind = static_cast<SnapshotKind>(random.below(Codec<SnapshotKind>::kNames.size()));
  profile.snapshot.name = random.text();
  profile.snapshot.time_s = random.real();
  for (std::uint64_t count = random.below(5); count > 0; --count) {
    SnapshotMark& mark = profile.snapshots.emplace_back();
    fill_numbers(random, mark, kSnapshotMarkFields);
    mark.name = random.index(profile.strings.size(), false);
  }
  std::sort(profile.snapshots.begin(), profile.snapshots.end(),
            [](const SnapshotMark& a, const SnapshotMark& b) { return a.time_s < b.time_s; });
}

}  // namespace

Profile random_profile(std::uint64_t seed) {
  Random random(seed);
  Profile profile;
  profile.generator = random.text();
  fill(random, profile.process);
  fill_numbers(random, profile.capture, kCaptureFields);
  if (!profile.capture.complete) profile.capture.incomplete_reasons.push_back(random.text());
  profile.capture.degraded_reasons = {random.text(), random.text()};
  profile.capture.unseen_memory = random.text();
  fill_numbers(random, profile.totals, kTotalsFields);
  fill_numbers(random, profile.mapped_totals, kTotalsFields);
  for (std::uint64_t count = random.below(20); count > 0; --count) profile.strings.push_back(random.text());
  const std::size_t strings = profile.strings.size();
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    profile.modules.push_back({random.index(strings, false), random.index(strings, false), random.chance(2)});
  }
  for (std::uint64_t count = random.below(20); count > 0; --count) {
    Frame& frame = profile.frames.emplace_back();
    fill_numbers(random, frame, kFrameFields);
    frame.function = random.index(strings, false);
    frame.file = random.index(strings, false);
    frame.module = random.index(profile.modules.size(), true);
  }
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    Type& type = profile.types.emplace_back();
    type.name = random.index(strings, false);
    type.raw_name = random.index(strings, false);
    type.part = random.index(strings, false);
    type.size = random.integer<std::uint64_t>();
    type.evidence = static_cast<TypeEvidence>(random.below(Codec<TypeEvidence>::kNames.size()));
  }
  fill_stacks(random, profile);
  fill_sites(random, profile, profile.sites);
  fill_sites(random, profile, profile.mapped_sites);
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    fill_numbers(random, profile.threads.emplace_back(), kThreadFields);
    profile.threads.back().name = random.index(strings, false);
  }
  for (std::uint64_t count = random.below(10); count > 0; --count) {
    fill_numbers(random, profile.timeline.emplace_back(), kTimelineFields);
  }
  std::sort(profile.timeline.begin(), profile.timeline.end(),
            [](const TimelinePoint& a, const TimelinePoint& b) { return a.time_s < b.time_s; });
  for (double time_s = 0.5; time_s < 2; ++time_s) {
    fill_numbers(random, profile.memory.emplace_back(), kMemoryFields);
    profile.memory.back().time_s = time_s;
  }
  fill_ticks(random, profile);
  fill_scopes(random, profile);
  fill_snapshots(random, profile);
  return profile;
}

Profile sample_profile() {
  Profile profile;
  profile.generator = "memprof 0.1.0";
  profile.process = {4711,
                     4710,
                     false,
                     "demo",
                     "/usr/bin/demo",
                     {"demo", "-n", "3"},
                     "/home/user",
                     1700000000000,
                     1.5,
                     EndKind::kExited,
                     0,
                     "x86_64"};
  profile.totals = {3, 2, 160, 96, 1, 64, 128, 2, 0.75, 1, 0};
  profile.strings = {"", "/usr/bin/demo", "a1b2c3", "main", "demo.cpp", "fill", "malloc"};
  profile.modules = {{1, 2, true}};
  profile.frames = {{3, 4, 12, 10, 0, 4096, false, false}, {5, 4, 7, 5, 0, 4160, true, false}};
  profile.stacks.push_back({kCompleteRoot, 0});
  profile.stacks.push_back({3, 1});
  profile.types = {{3, 5, 0, 32, TypeEvidence::kTemplateArgument}};
  Site site;
  site.stack = 4;
  site.hook = 6;
  site.allocations = 3;
  site.allocated_bytes = 160;
  site.size_histogram = {{6, 2}, {7, 1}};
  profile.sites.push_back(site);
  profile.threads.push_back({4711, 3, 3, 160, 2, 96, 1, 64, 2, 128, 1});
  profile.timeline = {{0, 0, 0, 1 << 20, 0}, {0.5, 64, 128, 1 << 21, 3}};
  profile.memory = {{0.5, 1 << 21, 1 << 20, 1 << 16, 1 << 18, 640 << 10, 1 << 16, 64, 1 << 19, 0, 0}};
  profile.mapped_totals = {1, 0, 1 << 19, 0, 1, 1 << 19, 1 << 19, 1, 0.25, 0, 0};
  site.size_histogram = {{20, 1}};
  profile.mapped_sites.push_back(site);
  profile.capture.tick_stride = 1;
  profile.ticks = {{0.5, 128, 2, 2}, {1, 64, 1, 3}};
  profile.tick_changes = {{0, 0, 2, 128}, {1, 0, -1, -64}};
  profile.scopes = {{5, kNoIndex, 0, 2, 0, 0.5, 3, 160, 2, 96, 128}, {3, 0, 0, 1, 1, 0.25, 1, 64, 0, 0, 64}};
  profile.scope_calls = {{0, 0.25, 0.5, 128, 128, 128}, {0, 0.75, 1, -64, 0, 96}};
  profile.snapshots = {{0.5, 3, 128, 2}};
  return profile;
}

}  // namespace memprof::test
