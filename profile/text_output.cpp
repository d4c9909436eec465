#include "profile/text_output.hpp"

#include <cmath>
#include <utility>

namespace memprof {

TextOutput::TextOutput(ByteSink sink)
    : sink_(std::move(sink)), buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

void TextOutput::number(double value) { append_number(std::isfinite(value) ? value : 0.0); }

void TextOutput::raw_beyond(std::string_view text) {
  flush();
  if (text.size() > kBufferBytes) {
    if (status_) status_ = sink_(text);
  } else {
    raw(text);
  }
}

void TextOutput::flush() {
  if (status_) status_ = sink_({buffer_.get(), used_});
  used_ = 0;
}

Result<void> TextOutput::finish() {
  flush();
  return std::move(status_);
}

}  // namespace memprof
