#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "profile/text_output.hpp"

struct z_stream_s;

namespace memprof::report {

/// Compresses what it is given and passes it on as a gzip file. Holds no time and no name: equal input gives equal
/// output.
class GzipSink {
 public:
  explicit GzipSink(ByteSink sink);
  ~GzipSink();
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;

  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// Ends the file; nothing may be written afterwards.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> compress(std::string_view bytes, int flush);

  ByteSink sink_;
  std::unique_ptr<z_stream_s> stream_;  // null: not enough memory
  std::vector<unsigned char> piece_;
};

}  // namespace memprof::report
