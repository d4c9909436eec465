#include "report/gzip_sink.hpp"

#include <zlib.h>

#include <utility>

namespace memprof::report {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr int kLargestWindow = 15;
constexpr int kGzipHeader = 16;  // zlib's way to ask for gzip instead of its own header
constexpr int kDefaultMemory = 8;

}  // namespace

GzipSink::GzipSink(ByteSink sink) : sink_(std::move(sink)), stream_(std::make_unique<z_stream>()), piece_(kPieceBytes) {
  const int status = deflateInit2(stream_.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, kLargestWindow + kGzipHeader,
                                  kDefaultMemory, Z_DEFAULT_STRATEGY);
  if (status != Z_OK) stream_.reset();
}

GzipSink::~GzipSink() {
  if (stream_) deflateEnd(stream_.get());
}

Result<void> GzipSink::write(std::string_view bytes) { return compress(bytes, Z_NO_FLUSH); }

Result<void> GzipSink::finish() { return compress({}, Z_FINISH); }

Result<void> GzipSink::compress(std::string_view bytes, int flush) {
  if (!stream_) return failure("not enough memory to compress", "use another format");
  // zlib's interface predates const; it only reads.
  stream_->next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<unsigned>(bytes.size());
  do {
    stream_->next_out = piece_.data();
    stream_->avail_out = static_cast<unsigned>(piece_.size());
    deflate(stream_.get(), flush);
    const std::size_t produced = piece_.size() - stream_->avail_out;
    if (produced == 0) continue;
    Result<void> passed = sink_({reinterpret_cast<const char*>(piece_.data()), produced});
    if (!passed) return passed;
  } while (stream_->avail_out == 0);
  return {};
}

}  // namespace memprof::report
