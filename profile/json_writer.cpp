#include "profile/json_writer.hpp"

#include <span>
#include <string_view>
#include <vector>

#include "profile/profile_fields.hpp"
#include "profile/profile_file.hpp"

namespace memprof {
namespace {

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
    field.write(row, out);
  }
  out.raw("}");
}

template <typename Row, std::size_t kCount>
void write_table(const std::vector<Row>& rows, const std::array<Field<Row>, kCount>& fields, JsonText& out) {
  out.raw("{");
  for (const Field<Row>& field : fields) {
    out.raw(&field == fields.data() ? "\n" : ",\n");
    write_key(field.name, out);
    out.raw("[");
    for (const Row& row : rows) {
      if (&row != rows.data()) out.raw(",");
      field.write(row, out);
    }
    out.raw("]");
  }
  out.raw("}");
}

}  // namespace

void write_profile_json(const Profile& profile, JsonText& out) {
  // Format and version come first, so that a reader knows what it has before it reads the rest.
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
  for_each_table(profile, [&](std::string_view key, const auto& rows, const auto& fields) {
    out.raw(",\n");
    write_key(key, out);
    write_table(rows, fields, out);
  });
  out.raw("}\n");
}

}  // namespace memprof
