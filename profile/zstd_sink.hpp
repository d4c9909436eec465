#pragma once
#include <zstd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "profile/json_text.hpp"
#include "profile/result.hpp"

namespace memprof {

/// Compresses what it is given and passes it on.
class ZstdSink {
 public:
  explicit ZstdSink(ByteSink sink);
  [[nodiscard]] Result<void> write(std::string_view bytes) { return compress(bytes, ZSTD_e_continue); }
  /// Ends the frame; nothing may be written afterwards.
  [[nodiscard]] Result<void> finish() { return compress({}, ZSTD_e_end); }

 private:
  [[nodiscard]] Result<void> compress(std::string_view bytes, ZSTD_EndDirective directive);

  struct FreeEncoder {
    void operator()(ZSTD_CCtx* encoder) const { ZSTD_freeCCtx(encoder); }
  };
  ByteSink sink_;
  std::unique_ptr<ZSTD_CCtx, FreeEncoder> encoder_;
  std::vector<char> piece_;
};

}  // namespace memprof
