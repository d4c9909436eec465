#include "report/capture_verdict.hpp"

#include "tests/catch.hpp"

namespace memprof::report {
namespace {

TEST_CASE("the verdict is one word and its reasons") {
  Capture capture;
  CHECK(capture_verdict(capture) == "complete");
  capture.degraded_reasons = {"2 blocks were freed that no allocation was seen of.", "The stacks are cut short."};
  CHECK(verdict_word(capture) == "degraded");
  CHECK(capture_verdict(capture) ==
        "degraded: 2 blocks were freed that no allocation was seen of; The stacks are cut short");
  capture.complete = false;
  capture.incomplete_reasons = {"3 events were dropped."};
  CHECK(verdict_word(capture) == "partial");
  CHECK(capture_verdict(capture) ==
        "partial: 3 events were dropped; 2 blocks were freed that no allocation was seen of; The stacks are cut short");
}

TEST_CASE("a profile that does not say why it is not complete is partial all the same") {
  Capture capture;
  capture.complete = false;
  CHECK(capture_verdict(capture) == "partial: the profile does not say why");
}

}  // namespace
}  // namespace memprof::report
