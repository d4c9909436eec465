#include "report/plot_data.hpp"
#include "report/plot_svg.hpp"
#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::ProfileBuilder;

namespace {

/// A MiB a second, from 0 to 4 s; twice as much resident.
Profile straight_line() {
  ProfileBuilder builder;
  Profile& profile = builder.profile;
  for (std::uint64_t second = 0; second <= 4; ++second) {
    profile.timeline.push_back({static_cast<double>(second), second << 20, second << 20, second << 21, second});
  }
  profile.totals.peak_bytes = 4 << 20;
  profile.totals.peak_time_s = 4;
  profile.process.duration_s = 5;
  profile.threads.push_back({.tid = 1});
  profile.scopes = {{.name = builder.string("load")}, {.name = builder.string("a<b>&\"c"), .parent = 0}};
  profile.scope_calls = {{0, 0.5, 3}, {1, 1, 2}, {0, 3.5, 4}};
  profile.snapshots = {{2, builder.string("warm"), 2 << 20, 2}};
  return profile;
}

}  // namespace

TEST_CASE("The slope is that of the live heap, with its fit") {
  const PlotSeries series = plot_series(straight_line(), "a.json");
  REQUIRE(series.trend.known);
  CHECK(series.trend.bytes_per_s == Approx(1 << 20));
  CHECK(series.trend.r_squared == Approx(1));
  CHECK(trend_text(series.trend) == "+1024 KiB/s, R² 1.00");
  CHECK(series.duration_s == 5);
  CHECK(series.resident.size() == 4);  // the first look found nothing
}

TEST_CASE("Brackets that overlap are in rows of their own") {
  const PlotSeries series = plot_series(straight_line(), "a.json");
  REQUIRE(series.brackets.size() == 3);
  CHECK(series.brackets[0].row == 0);
  CHECK(series.brackets[1].row == 1);
  CHECK(series.brackets[2].row == 0);
}

TEST_CASE("A heap between two points is as high as its highest") {
  Profile profile = straight_line();
  profile.timeline[1].highest_bytes = 100 << 20;
  const PlotSeries series = plot_series(profile, "a.json");
  CHECK(series.live.size() == 6);
  CHECK(series.live[1].bytes == 100 << 20);
  CHECK(series.live[1].time_s == 0.5);
}

TEST_CASE("Axes have round steps") {
  CHECK(byte_scale(15.3 * 1024 * 1024, 4).step == 5.0 * 1024 * 1024);
  CHECK(byte_scale(15.3 * 1024 * 1024, 4).end == 20.0 * 1024 * 1024);
  CHECK(byte_scale(3, 4).step == 1);
  CHECK(byte_scale(0, 4).end == 1);
  CHECK(time_scale(6, 4).step == 2);
  CHECK(time_scale(0, 4).end == 1);
  CHECK(time_label(0.25, 0.05) == "250 ms");
  CHECK(time_label(2, 1) == "2 s");
  CHECK(time_label(1200, 600) == "20 min");
}

TEST_CASE("The SVG holds curves, peak, brackets, marks and legend, escaped") {
  const std::string svg = plot_svg({plot_series(straight_line(), "a&b.json")}, {"Heap of <app>", true});
  const auto has = [&](const char* text) { return svg.find(text) != std::string::npos; };
  CHECK(has("<title>Heap of &lt;app&gt;</title>"));
  CHECK(has("a&amp;b.json: live heap, peak 4096 KiB at 4.0 s, slope +1024 KiB/s, R² 1.00"));
  CHECK(has("<title>a&lt;b&gt;&amp;&quot;c</title>"));
  CHECK(has("class=\"live s0\""));
  CHECK(has("class=\"rss l0\""));
  CHECK(has(">warm</text>"));
  CHECK(has("prefers-color-scheme:dark"));
  CHECK_FALSE(has("<script"));
  const std::string without = plot_svg({plot_series(straight_line(), "a.json")}, {"t", false});
  CHECK(without.find("class=\"rss") == std::string::npos);
}
