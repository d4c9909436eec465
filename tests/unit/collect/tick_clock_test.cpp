#include "collect/tick_clock.hpp"

#include <chrono>
#include <thread>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("ticks become the seconds that the monotonic clock counts") {
  using Steady = std::chrono::steady_clock;
  const auto source = GENERATE(wire::ClockSource::kMonotonic, TickClock::best_source());
  const auto seconds = [](Steady::duration time) { return std::chrono::duration<double>(time).count(); };
  const auto before = Steady::now();
  const TickClock clock(source);
  const auto started = Steady::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto read = Steady::now();
  const double found = clock.seconds(clock.now());
  const auto after = Steady::now();
  // However slow the machine is, the true time lies between these two.
  CHECK(found >= seconds(read - started) * 0.999);
  CHECK(found <= seconds(after - before) * 1.001);
  CHECK(static_cast<double>(clock.now()) * clock.ns_per_tick() * 1e-9 >= found * 0.99);
}

}  // namespace
}  // namespace memprof::collect
