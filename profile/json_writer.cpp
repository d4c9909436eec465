#include "profile/json_writer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "profile/ordered_output.hpp"
#include "profile/profile_fields.hpp"
#include "profile/profile_file.hpp"

namespace memprof {
namespace {

constexpr std::size_t kRowsOfPiece = 16 * 1024;  // 100 KB of usual numbers

void write_key(std::string_view key, JsonText& out) {
  out.raw("\"");
  out.raw(key);
  out.raw("\":");
}

template <typename Row, std::size_t kCount>
void write_object(const Row& row, const std::array<Field<Row>, kCount>& fields, JsonText& out) {
  out.raw("{");
  for (const Field<Row>& field : fields) {
    if (&field != fields.data()) out.raw(",");
    write_key(field.name, out);
    field.write({&row, 1}, out);
  }
  out.raw("}");
}

/// Format and version come first, so that a reader knows what it has before it reads the rest.
void write_head(const Profile& profile, JsonText& out) {
  out.raw("{");
  write_key("format", out);
  out.string(kFormatName);
  out.raw(",\n");
  write_key("version", out);
  write_object(FormatVersion{kFormatMajor, kFormatMinor}, kVersionFields, out);
  out.raw(",\n");
  write_key("generator", out);
  out.string(profile.generator);
  for_each_object(profile, [&](std::string_view key, const auto& object, const auto& fields) {
    out.raw(",\n");
    write_key(key, out);
    write_object(object, fields, out);
  });
  out.raw(",\n");
  write_key("strings", out);
  StringListCodec::write(profile.strings, out);
}

/// Rows from `begin` of one column; the first of them also begin the column.
template <typename Row>
void write_rows(const std::vector<Row>& rows, const Field<Row>& field, std::size_t begin, JsonText& out) {
  if (begin == 0) {
    write_key(field.name, out);
    out.raw("[");
  } else {
    out.raw(",");
  }
  const std::size_t count = std::min(rows.size() - begin, kRowsOfPiece);
  field.write(std::span(rows).subspan(begin, count), out);
  if (begin + count == rows.size()) out.raw("]");
}

template <typename Row, std::size_t kCount>
void add_table(std::string_view key, const std::vector<Row>& rows, const std::array<Field<Row>, kCount>& fields,
               std::vector<Piece>& pieces) {
  pieces.emplace_back([key](JsonText& out) {
    out.raw(",\n");
    write_key(key, out);
    out.raw("{");
  });
  for (const Field<Row>& field : fields) {
    const std::string_view separator = &field == fields.data() ? "\n" : ",\n";
    std::size_t begin = 0;
    do {
      pieces.emplace_back([&rows, &field, separator, begin](JsonText& out) {
        if (begin == 0) out.raw(separator);
        write_rows(rows, field, begin, out);
      });
      begin += kRowsOfPiece;
    } while (begin < rows.size());
  }
  pieces.emplace_back([](JsonText& out) { out.raw("}"); });
}

}  // namespace

Result<void> write_profile_json(const Profile& profile, const ByteSink& sink) {
  std::vector<Piece> pieces{[&](JsonText& out) { write_head(profile, out); }};
  std::size_t most_rows = 0;
  for_each_table(profile, [&](std::string_view key, const auto& rows, const auto& fields) {
    add_table(key, rows, fields, pieces);
    most_rows = std::max(most_rows, rows.size());
  });
  pieces.emplace_back([](JsonText& out) { out.raw("}\n"); });
  const unsigned cores = most_rows > kRowsOfPiece ? std::thread::hardware_concurrency() : 1;
  return write_in_order(pieces, cores, sink);
}

}  // namespace memprof
