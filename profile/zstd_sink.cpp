#include "profile/zstd_sink.hpp"

#include <string>
#include <utility>

namespace memprof {

ZstdSink::ZstdSink(ByteSink sink) : sink_(std::move(sink)), encoder_(ZSTD_createCCtx()), piece_(ZSTD_CStreamOutSize()) {
  // A damaged file shall be noticed as such, not as odd figures.
  if (encoder_) ZSTD_CCtx_setParameter(encoder_.get(), ZSTD_c_checksumFlag, 1);
}

Result<void> ZstdSink::compress(std::string_view bytes, ZSTD_EndDirective directive) {
  if (!encoder_) return failure("zstd has not enough memory", "name a file that does not end in .zst");
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
    left = ZSTD_compressStream2(encoder_.get(), &output, &input, directive);
    if (ZSTD_isError(left) != 0) return failure(std::string("zstd failed: ") + ZSTD_getErrorName(left));
    if (output.pos == 0) continue;
    if (Result<void> passed = sink_({piece_.data(), output.pos}); !passed) return passed;
  } while (input.pos < input.size || (directive == ZSTD_e_end && left > 0));
  return {};
}

}  // namespace memprof
