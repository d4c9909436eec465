#include "profile/text_output.hpp"

#include <cmath>
#include <utility>

namespace memprof {

TextOutput::TextOutput(ByteSink sink) : sink_(std::move(sink)) { buffer_.reserve(kBufferBytes); }

void TextOutput::number(double value) { append_number(std::isfinite(value) ? value : 0.0); }

void TextOutput::flush() {
  if (status_) status_ = sink_(buffer_);
  buffer_.clear();
}

Result<void> TextOutput::finish() {
  flush();
  return std::move(status_);
}

}  // namespace memprof
