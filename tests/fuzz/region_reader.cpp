// libFuzzer target: whatever a program writes into its region, and whenever, the collector neither crashes nor hangs,
// and its figures agree with one another.
//
// Input: steps of one byte each with what they need behind them. The upper two bits of the byte choose among a write to
// any place of the region, a plausible record, any record, and a look of the collector.

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "collect/capture_quality.hpp"
#include "collect/module_watch.hpp"
#include "collect/target_files.hpp"
#include "tests/unit/collect/engine_fixture.hpp"

namespace {

using namespace memprof;
using namespace memprof::collect;

constexpr wire::Capacity kCapacity{4, 1u << 6, 8, 256, 256};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

class Steps {
 public:
  Steps(const std::uint8_t* data, std::size_t size) : next_(data), left_(size) {}

  bool more() const { return left_ != 0; }
  /// Zeros behind the end.
  template <typename T>
  T take() {
    T value{};
    const std::size_t bytes = left_ < sizeof(T) ? left_ : sizeof(T);
    std::memcpy(&value, next_, bytes);
    next_ += bytes;
    left_ -= bytes;
    return value;
  }

 private:
  const std::uint8_t* next_;
  std::size_t left_;
};

class Scenario {
 public:
  Scenario() {
    HeapAccounts& accounts = fixture_.engine.accounts();
    accounts.keep_state_at_peak();
    accounts.on_request([this](const Event& event) {
      require(event.site < kCapacity.ring_count, "a question came in no ring");
      if (event.mark() != wire::Mark::kWhere) return;
      const auto found = fixture_.engine.live_set().containing(event.address);
      require(!found || found->address <= event.address, "a block begins after the address that it holds");
    });
  }

  void step(Steps& steps) {
    const auto choice = steps.take<std::uint8_t>();
    wire::RingHeader& ring = fixture_.target.ring(choice % kCapacity.ring_count);
    switch (choice >> 6) {
      case 0:
        return write_anywhere(steps);
      case 1:
        return append(ring, choice % kCapacity.ring_count, plausible_record(steps));
      case 2:
        return append(ring, choice % kCapacity.ring_count, steps.take<wire::Record>());
      default:
        if ((choice & 4) != 0) fixture_.now += std::uint64_t{choice} << 20;
        watch_.look();
        fixture_.engine.drain();
    }
  }

  void finish() {
    HeapAccounts at_peak = fixture_.engine.accounts().at_peak();
    at_peak.finish(at_peak.peak_ticks());
    std::uint64_t at_once = 0;
    for (const SiteAllocations& site : at_peak.sites().allocations) at_once += site.share.live_bytes;
    require(at_once == at_peak.totals().live_bytes, "the sites at the peak do not add up");
    CapturedProcess captured = fixture_.finish();
    const Totals& totals = captured.totals;
    require(totals.allocations - totals.frees == totals.live_blocks, "blocks do not add up");
    require(totals.allocated_bytes - totals.freed_bytes == totals.live_bytes, "bytes do not add up");
    require(totals.peak_bytes >= totals.live_bytes, "the peak is lower than the end");
    std::uint64_t peak = 0, live = 0;
    for (const Site& site : captured.sites) {
      require(site.stack < kCapacity.node_capacity, "a site has no stack");
      peak += site.peak_bytes;
      live += site.live_bytes;
    }
    require(peak == totals.peak_bytes && live == totals.live_bytes, "the sites do not add up");
    require(watch_.take().size() <= kCapacity.module_capacity, "too many modules");
    judge_capture(fixture_.region, {fixture_.engine.damage(), false}, captured.capture);
  }

 private:
  void write_anywhere(Steps& steps) {
    const std::uint64_t offset = steps.take<std::uint16_t>() % (fixture_.region.bytes() / 4);
    const auto value = steps.take<std::uint32_t>();
    std::memcpy(fixture_.target.bytes() + 4 * offset, &value, sizeof(value));
  }

  /// Few addresses and stacks, so that blocks meet their frees.
  wire::Record plausible_record(Steps& steps) {
    const auto kind = steps.take<std::uint8_t>();
    const auto place = steps.take<std::uint8_t>();
    ticks_ += steps.take<std::uint8_t>();
    return wire::Record::make(ticks_, static_cast<wire::Operation>(kind & 7), kind >> 3, 16u * (place & 15u),
                              steps.take<std::uint8_t>(), place >> 4);
  }

  void append(wire::RingHeader& ring, std::uint32_t index, const wire::Record& record) {
    const std::uint64_t head = ring.head;
    fixture_.target.records(index)[head % kCapacity.ring_records] = record;
    ring.head = head + 1;
  }

  EngineFixture fixture_{1, kCapacity};
  TargetFiles files_;
  ModuleWatch watch_{fixture_.region, files_, fixture_.engine.damage()};
  std::uint64_t ticks_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Scenario scenario;
  for (Steps steps(data, size); steps.more();) scenario.step(steps);
  scenario.finish();
  return 0;
}
