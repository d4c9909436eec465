#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "profile/byte_source.hpp"
#include "profile/json_text.hpp"
#include "profile/output_file.hpp"
#include "profile/process_tree_fields.hpp"
#include "profile/process_tree_file.hpp"

namespace memprof {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestFile = std::size_t{256} << 20;
constexpr std::size_t kFirstBytes = 128;
constexpr const char* kDamagedHint = "the file is damaged, or something other than memprof wrote it; record it again";

template <typename Row, std::size_t kCount>
void write_fields(const Row& row, const std::array<Field<Row>, kCount>& fields, JsonText& out) {
  for (const Field<Row>& field : fields) {
    if (&field != fields.data()) out.raw(",");
    out.raw("\"");
    out.raw(field.name);
    out.raw("\":");
    field.write({&row, 1}, out);
  }
}

void write_text(const ProcessTree& tree, JsonText& out) {
  out.raw("{\"format\":");
  out.string(kTreeFormatName);
  out.raw(",\n\"version\":{");
  write_fields(kTreeVersion, kVersionFields, out);
  out.raw("},\n");
  write_fields(tree, kTreeFields, out);
  out.raw(",\n\"processes\":[");
  for (const TreeProcess& entry : tree.processes) {
    out.raw(&entry == tree.processes.data() ? "\n{" : ",\n{");
    write_fields(entry.process, kProcessFields, out);
    out.raw(",");
    write_fields(entry, kTreeProcessFields, out);
    out.raw("}");
  }
  out.raw("]}\n");
}

Scalar scalar_of(const Json& value, std::string& text) {
  Scalar scalar;
  using Kind = Scalar::Kind;
  if (value.is_boolean()) return {Kind::kBoolean, value.get<bool>() ? 1u : 0u, 0, nullptr};
  if (value.is_number_unsigned()) return {Kind::kUnsigned, value.get<std::uint64_t>(), 0, nullptr};
  if (value.is_number_integer()) {
    return {Kind::kNegative, static_cast<std::uint64_t>(value.get<std::int64_t>()), 0, nullptr};
  }
  if (value.is_number_float()) return {Kind::kReal, 0, value.get<double>(), nullptr};
  if (value.is_string()) {
    text = value.get<std::string>();
    return {Kind::kString, 0, 0, &text};
  }
  return scalar;
}

/// What is wrong, or "".
template <typename Row>
std::string read_field(const Json& object, const Field<Row>& field, Row& row) {
  const std::string name(field.name);
  const auto value = object.find(name);
  if (value == object.end()) return '"' + name + "\" is missing";
  std::string text;
  const std::string wrong = '"' + name + "\" is not " + std::string(field.expected);
  if (field.list_step == 0) return field.read(row, scalar_of(*value, text), 0) ? "" : wrong;
  if (!value->is_array()) return '"' + name + "\" is not a list";
  for (std::size_t i = 0; i < value->size(); ++i) {
    if (!field.read(row, scalar_of((*value)[i], text), i)) return wrong;
  }
  return {};
}

template <typename Row, std::size_t kCount>
std::string read_fields(const Json& object, const std::array<Field<Row>, kCount>& fields, Row& row) {
  if (!object.is_object()) return "is not an object";
  for (const Field<Row>& field : fields) {
    if (std::string wrong = read_field(object, field, row); !wrong.empty()) return wrong;
  }
  return {};
}

std::string read_processes(const Json& list, ProcessTree& tree) {
  if (!list.is_array()) return "\"processes\" is not a list";
  for (const Json& object : list) {
    const std::size_t row = tree.processes.size();
    const std::string where = "process " + std::to_string(row) + ": ";
    TreeProcess entry;
    if (std::string wrong = read_fields(object, kProcessFields, entry.process); !wrong.empty()) return where + wrong;
    if (std::string wrong = read_fields(object, kTreeProcessFields, entry); !wrong.empty()) return where + wrong;
    for (const std::uint32_t earlier : {entry.parent, entry.replaced}) {
      if (earlier != kNoIndex && earlier >= row) return where + "refers to a later one";
    }
    tree.processes.push_back(std::move(entry));
  }
  return tree.processes.empty() ? "it has no process" : "";
}

Result<ProcessTree> parse(std::string_view text, const std::string& name) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return failure(name + ": is no whole JSON text", kDamagedHint);
  const auto format = json.is_object() ? json.find("format") : json.end();
  if (!json.is_object() || format == json.end() || *format != kTreeFormatName) {
    return failure(name + " is not an index of memprof", "`memprof run PROGRAM` writes one beside the profiles");
  }
  FormatVersion version;
  const auto stated = json.find("version");
  if (stated == json.end() || !read_fields(*stated, kVersionFields, version).empty()) {
    return failure(name + ": \"version\" is missing or wrong", kDamagedHint);
  }
  if (version.major != kTreeVersion.major) {
    return failure(name + " has format " + std::to_string(version.major) + '.' + std::to_string(version.minor) +
                       ", this memprof reads " + std::to_string(kTreeVersion.major) + ".x",
                   "upgrade memprof to read it");
  }
  ProcessTree tree;
  std::string wrong = read_fields(json, kTreeFields, tree);
  if (wrong.empty()) {
    const auto list = json.find("processes");
    wrong = list == json.end() ? "\"processes\" is missing" : read_processes(*list, tree);
  }
  if (!wrong.empty()) return failure(name + ": " + wrong, kDamagedHint);
  return tree;
}

}  // namespace

Result<void> write_process_tree(const ProcessTree& tree, const std::string& path) {
  Result<OutputFile> file = OutputFile::create(path);
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  JsonText text([&](std::string_view bytes) { return file->write(bytes); });
  write_text(tree, text);
  const Result<void> written = text.finish();
  return written ? file->commit() : written;
}

Result<ProcessTree> read_process_tree(const std::string& path) {
  const auto source = file_source(path);
  std::string text;
  for (std::string_view piece = source->next(); !piece.empty(); piece = source->next()) {
    text += piece;
    if (text.size() > kLongestFile) return failure(path + ": is too long for an index", kDamagedHint);
  }
  if (!source->problem().empty()) return failure(path + " " + source->problem());
  return parse(text, path);
}

bool is_process_tree(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  for (char c = 0; text.size() < kFirstBytes && file.get(c);) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') text += c;
  }
  return text.starts_with("{\"format\":\"" + std::string(kTreeFormatName) + '"');
}

Result<ProcessTree> parse_process_tree(const std::string& json, const std::string& name) { return parse(json, name); }

std::string format_process_tree(const ProcessTree& tree) {
  std::string json;
  JsonText text([&](std::string_view bytes) {
    json += bytes;
    return Result<void>();
  });
  write_text(tree, text);
  static_cast<void>(text.finish());
  return json;
}

}  // namespace memprof
