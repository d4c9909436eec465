#include "profile/profile_file.hpp"

#include <optional>
#include <string_view>

#include "profile/byte_source.hpp"
#include "profile/json_reader.hpp"
#include "profile/json_writer.hpp"
#include "profile/output_file.hpp"
#include "profile/zstd_sink.hpp"

namespace memprof {
namespace {

Result<void> write_compressed(const Profile& profile, ByteSink sink) {
  ZstdSink compressed(std::move(sink));
  Result<void> written = write_profile_json(profile, [&](std::string_view bytes) { return compressed.write(bytes); });
  return written ? compressed.finish() : written;
}

}  // namespace

Result<void> write_profile(const Profile& profile, const std::string& path) {
  Result<OutputFile> file = OutputFile::create(path);
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  const ByteSink sink = [&](std::string_view bytes) { return file->write(bytes); };
  const Result<void> written =
      path.ends_with(".zst") ? write_compressed(profile, sink) : write_profile_json(profile, sink);
  return written ? file->commit() : written;
}

Result<Profile> read_profile(const std::string& path) {
  const auto source = decompressed(file_source(path));
  return read_profile_json(*source, path);
}

Result<Profile> parse_profile(const std::string& json, const std::string& name) {
  const auto source = decompressed(memory_source(json));
  return read_profile_json(*source, name);
}

std::string format_profile(const Profile& profile) {
  std::string json;
  // A string takes whatever it is given, so there is no failure to hand on.
  static_cast<void>(write_profile_json(profile, [&](std::string_view bytes) {
    json += bytes;
    return Result<void>();
  }));
  return json;
}

}  // namespace memprof
