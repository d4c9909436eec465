#include "profile/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

namespace memprof {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// A small file must not keep a reader busy for hours: real profiles compress 5 to 30 times.
constexpr std::uint64_t kHarmlessBytes = 64u << 20;
constexpr std::uint64_t kHighestRatio = 500;

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) : text_(text) {}
  std::string_view next() override { return std::exchange(text_, {}); }

 private:
  std::string_view text_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail(std::string("cannot be opened: ") + std::generic_category().message(errno));
  }
  ~FileSource() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::string_view next() override {
    if (descriptor_ < 0) return {};
    ssize_t count = 0;
    do {
      count = ::read(descriptor_, piece_.data(), piece_.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail(std::string("cannot be read: ") + std::generic_category().message(errno));
    return {piece_.data(), static_cast<std::size_t>(count)};
  }

 private:
  int descriptor_;
  std::vector<char> piece_ = std::vector<char>(kPieceBytes);
};

/// Hands out `first`, which was taken from the source to look at it, and then the rest.
class PeekedSource final : public ByteSource {
 public:
  PeekedSource(std::string first, std::unique_ptr<ByteSource> rest) : first_(std::move(first)), rest_(std::move(rest)) {
    if (!rest_->problem().empty()) fail(rest_->problem());
  }

  std::string_view next() override {
    if (!first_taken_ && !first_.empty()) {
      first_taken_ = true;
      return first_;
    }
    const std::string_view piece = rest_->next();
    if (!rest_->problem().empty()) fail(rest_->problem());
    return piece;
  }

 private:
  std::string first_;
  bool first_taken_ = false;
  std::unique_ptr<ByteSource> rest_;
};

struct FreeDecoder {
  void operator()(ZSTD_DStream* decoder) const { ZSTD_freeDStream(decoder); }
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> compressed)
      : compressed_(std::move(compressed)), decoder_(ZSTD_createDStream()), piece_(ZSTD_DStreamOutSize()) {
    if (!decoder_) fail("cannot be decompressed: not enough memory");
  }

  std::string_view next() override {
    if (!problem().empty()) return {};
    ZSTD_outBuffer output{piece_.data(), piece_.size(), 0};
    while (output.pos == 0) {
      if (input_.pos == input_.size && !output_pending_ && !take_input()) return {};
      const std::size_t result = ZSTD_decompressStream(decoder_.get(), &output, &input_);
      if (ZSTD_isError(result) != 0) return fail(std::string("is damaged (zstd: ") + ZSTD_getErrorName(result) + ")");
      frame_open_ = result != 0;
      output_pending_ = frame_open_ && output.pos == output.size;
    }
    produced_ += output.pos;
    if (produced_ > kHarmlessBytes && produced_ / kHighestRatio > consumed_) {
      return fail("expands to more than " + std::to_string(kHighestRatio) + " times its size, as no profile does");
    }
    return {piece_.data(), output.pos};
  }

 private:
  bool take_input() {
    const std::string_view piece = compressed_->next();
    if (!compressed_->problem().empty()) {
      fail(compressed_->problem());
    } else if (piece.empty() && frame_open_) {
      fail("is cut off: its compressed data ends too early");
    }
    input_ = {piece.data(), piece.size(), 0};
    consumed_ += piece.size();
    return !piece.empty();
  }

  std::unique_ptr<ByteSource> compressed_;
  std::unique_ptr<ZSTD_DStream, FreeDecoder> decoder_;
  std::vector<char> piece_;
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool frame_open_ = false;
  bool output_pending_ = false;  // the piece was full, so the decoder may hold more without further input
  std::uint64_t consumed_ = 0;
  std::uint64_t produced_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> memory_source(std::string_view text) { return std::make_unique<MemorySource>(text); }

std::unique_ptr<ByteSource> file_source(const std::string& path) { return std::make_unique<FileSource>(path); }

std::unique_ptr<ByteSource> decompressed(std::unique_ptr<ByteSource> source) {
  // A pipe may deliver less than the magic number at first.
  std::string first;
  while (first.size() < kZstdMagic.size()) {
    const std::string_view piece = source->next();
    if (piece.empty()) break;
    first += piece;
  }
  const bool compressed = first.starts_with(kZstdMagic);
  auto whole = std::make_unique<PeekedSource>(std::move(first), std::move(source));
  if (compressed) return std::make_unique<ZstdSource>(std::move(whole));
  return whole;
}

}  // namespace memprof
