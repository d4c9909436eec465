#include "collect/fill_forecast.hpp"

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("a ring's filling is foretold by how fast it was filled last") {
  FillForecast forecast;
  forecast.note(1'000, 10);
  forecast.note(3'000, 100);  // one in 20 ticks
  CHECK(forecast.ticks_until(400, 0) == 8'000);
  CHECK(forecast.ticks_until(400, 300) == 2'000);
  CHECK(forecast.ticks_until(400, 400) == 0);
  CHECK(forecast.ticks_until(400, 500) == 0);
  forecast.note(4'000, 1'000);  // one a tick
  CHECK(forecast.ticks_until(400, 0) == 400);
}

TEST_CASE("where nothing came, nothing is foretold") {
  FillForecast forecast;
  CHECK(forecast.ticks_until(400, 0) == FillForecast::kNever);
  forecast.note(1'000, 10);
  forecast.note(2'000, 0);
  CHECK(forecast.ticks_until(400, 0) == FillForecast::kNever);
  CHECK(forecast.ticks_until(400, 400) == 0);
  forecast.note(std::uint64_t{1} << 40, 7);
  CHECK(forecast.ticks_until(400, 0) == FillForecast::kNever);
}

}  // namespace
}  // namespace memprof::collect
