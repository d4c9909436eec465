// One list of keys: the schema and the document must have what the field tables have, and nothing else.

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "profile/profile_fields.hpp"
#include "tests/catch.hpp"

namespace memprof::test {
namespace {

std::string source_file(const std::string& name) {
  std::ifstream file(std::string(MEMPROF_SOURCE_DIRECTORY) + "/" + name);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Keys = std::set<std::string>;

Keys keys_of(const nlohmann::json& object) {
  Keys keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

/// Calls visit(section, field) for every key of a profile.
template <typename Visit>
void for_each_key(Visit&& visit) {
  const auto visit_all = [&](std::string_view section, const auto&, const auto& fields) {
    for (const auto& field : fields) visit(std::string(section), field);
  };
  const Profile profile;
  visit_all("version", FormatVersion{}, kVersionFields);
  for_each_object(profile, visit_all);
  for_each_table(profile, visit_all);
}

/// The part of profile-format.md about one section.
std::string chapter(const std::string& document, const std::string& section) {
  const std::size_t begin = document.find("\n## " + section + "\n");
  REQUIRE(begin != std::string::npos);
  return document.substr(begin, document.find("\n## ", begin + 1) - begin);
}

}  // namespace

TEST_CASE("the schema knows the keys that are written, and no others", "[schema]") {
  const auto schema = nlohmann::json::parse(source_file("docs/profile.schema.json"));
  std::map<std::string, Keys> written{{"format", {}}, {"generator", {}}, {"strings", {}}};
  for_each_key(
      [&](const std::string& section, const auto& field) { written[section].insert(std::string(field.name)); });
  for (const auto& [section, keys] : written) {
    INFO(section);
    const auto& described = schema.at("properties").at(section);
    CHECK(keys_of(described.value("properties", nlohmann::json::object())) == keys);
    CHECK(described.value("required", Keys()) == keys);
  }
  CHECK(schema.at("properties").size() == written.size());
  CHECK(schema.at("required").get<Keys>() == keys_of(schema.at("properties")));
}

TEST_CASE("the schema gives every column its type", "[schema]") {
  const auto schema = nlohmann::json::parse(source_file("docs/profile.schema.json"));
  for_each_key([&](const std::string& section, const auto& field) {
    if (section == "version") return;
    INFO(section << "." << field.name);
    const auto& property = schema.at("properties").at(section).at("properties").at(std::string(field.name));
    const bool is_object = Keys{"process", "snapshot", "capture", "totals", "mapped_totals"}.contains(section);
    const std::string type = (is_object ? property : property.at("items")).dump();
    if (field.reference != Reference::kNone) {
      CHECK(type.find(field.optional_index ? "/optional_index" : "/index") != std::string::npos);
    } else if (field.expected == Codec<std::uint64_t>::kExpected) {
      CHECK(type.find("/uint64") != std::string::npos);
    } else if (field.expected == Codec<std::uint32_t>::kExpected) {
      CHECK(type.find("/uint32") != std::string::npos);
    } else if (field.expected == Codec<bool>::kExpected) {
      CHECK(type.find("\"boolean\"") != std::string::npos);
    } else if (field.expected == Codec<double>::kExpected) {
      CHECK(type.find("\"number\"") != std::string::npos);
    }
  });
}

TEST_CASE("the document explains every key in the chapter of its table", "[schema]") {
  const std::string document = source_file("docs/profile-format.md");
  for_each_key([&](const std::string& section, const auto& field) {
    if (section == "version") return;
    INFO(section << "." << field.name);
    CHECK(chapter(document, section).find("`" + std::string(field.name) + "`") != std::string::npos);
  });
}

}  // namespace memprof::test
