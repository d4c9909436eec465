#pragma once
#include <string_view>

#include "profile/text_output.hpp"

namespace memprof {

/// JSON, piece by piece. Punctuation and keys are the caller's, through raw().
class JsonText : public TextOutput {
 public:
  using TextOutput::TextOutput;

  void boolean(bool value) { raw(value ? "true" : "false"); }
  /// Any bytes; see byte_text.hpp for those that are not UTF-8.
  void string(std::string_view bytes);

 private:
  void escaped_string(std::string_view bytes);
};

}  // namespace memprof
