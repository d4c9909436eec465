#include "report/capture_verdict.hpp"

namespace memprof::report {
namespace {

/// Sentences without their full stops, so that they can follow one another.
void add_reasons(const std::vector<std::string>& reasons, std::string& text) {
  for (std::string_view reason : reasons) {
    if (reason.ends_with('.')) reason.remove_suffix(1);
    text += (text.empty() ? "" : "; ") + std::string(reason);
  }
}

}  // namespace

std::string verdict_word(const Capture& capture) {
  if (!capture.complete) return "partial";
  return capture.degraded_reasons.empty() ? "complete" : "degraded";
}

std::string capture_verdict(const Capture& capture) {
  std::string reasons;
  if (!capture.complete) add_reasons(capture.incomplete_reasons, reasons);
  add_reasons(capture.degraded_reasons, reasons);
  if (reasons.empty() && !capture.complete) reasons = "the profile does not say why";
  return verdict_word(capture) + (reasons.empty() ? "" : ": " + reasons);
}

}  // namespace memprof::report
