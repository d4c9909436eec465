#include <lzma.h>

#include "collect/symbol_table.hpp"

namespace memprof::collect {

ElfFile open_mini_debug_info(const ElfFile& file) {
  const auto section = file.section(".gnu_debugdata");
  if (!section) return {};
  const std::string_view packed = file.contents(*section);
  // Distributions' largest are a few MiB. The bound keeps a crafted file from filling the memory.
  constexpr std::size_t kLargest = std::size_t{256} << 20;
  std::vector<char> image(std::size_t{1} << 20);
  lzma_stream stream = LZMA_STREAM_INIT;
  if (packed.empty() || lzma_stream_decoder(&stream, kLargest, 0) != LZMA_OK) return {};
  stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    if (stream.total_out == image.size()) {
      if (image.size() >= kLargest) break;
      image.resize(image.size() * 2);
    }
    stream.next_out = reinterpret_cast<std::uint8_t*>(image.data()) + stream.total_out;
    stream.avail_out = image.size() - static_cast<std::size_t>(stream.total_out);
    status = lzma_code(&stream, LZMA_FINISH);
  }
  const auto size = static_cast<std::size_t>(stream.total_out);
  lzma_end(&stream);
  if (status != LZMA_STREAM_END) return {};
  image.resize(size);
  return ElfFile::open(std::move(image));
}

}  // namespace memprof::collect
