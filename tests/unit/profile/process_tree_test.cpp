// Index files: what is written reads back, what is broken is refused in a sentence, and schema and document have the
// keys that are written.

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "profile/process_tree_fields.hpp"
#include "profile/process_tree_file.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/sample_tree.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;
using Json = nlohmann::json;
using Keys = std::set<std::string>;

TEST_CASE("an index reads back as it was written, whatever bytes its names hold", "[tree]") {
  TemporaryDirectory directory;
  const ProcessTree tree = sample_tree();
  REQUIRE(write_process_tree(tree, directory.file("a.tree.json")));
  const auto read = read_process_tree(directory.file("a.tree.json"));
  REQUIRE(read);
  CHECK(*read == tree);
  CHECK(Json::accept(format_process_tree(tree)));
}

TEST_CASE("an index is told from a profile by its beginning", "[tree]") {
  TemporaryDirectory directory;
  REQUIRE(write_process_tree(sample_tree(), directory.file("tree")));
  REQUIRE(write_profile(Profile{}, directory.file("profile")));
  std::ofstream(directory.file("spread out")) << Json::parse(format_process_tree(sample_tree())).dump(4);
  CHECK(is_process_tree(directory.file("tree")));
  CHECK_FALSE(is_process_tree(directory.file("profile")));
  CHECK_FALSE(is_process_tree(directory.file("missing")));
  CHECK_FALSE(is_process_tree("/dev/null"));
  CHECK_THAT(read_profile(directory.file("tree")).error().what, Contains("is not a memprof profile"));
  CHECK_THAT(read_process_tree(directory.file("profile")).error().what, Contains("is not an index of memprof"));
}

std::string refusal(const Json& json) {
  const auto tree = parse_process_tree(json.dump(), "index");
  return tree ? "" : tree.error().what;
}

TEST_CASE("a broken index is refused with the place of the damage", "[tree]") {
  const Json whole = Json::parse(format_process_tree(sample_tree()));
  REQUIRE(refusal(whole).empty());
  Json json = whole;
  SECTION("newer") {
    json["version"]["major"] = 2;
    CHECK_THAT(refusal(json), Contains("has format 2.0, this memprof reads 1.x"));
  }
  SECTION("later minor version with new keys") {
    json["version"]["minor"] = 7;
    json["processes"][0]["mood"] = "good";
    CHECK(refusal(json).empty());
  }
  SECTION("a row that comes later") {
    json["processes"][1]["parent"] = 1;
    CHECK(refusal(json) == "index: process 1: refers to a later one");
  }
  SECTION("no processes") {
    json["processes"] = Json::array();
    CHECK(refusal(json) == "index: it has no process");
  }
  SECTION("another type") {
    json["processes"][1]["peak_bytes"] = -1;
    CHECK_THAT(refusal(json), Contains("process 1: \"peak_bytes\" is not an integer"));
  }
  SECTION("a command that is none") {
    json["processes"][0]["command"] = {"ls", 1};
    CHECK_THAT(refusal(json), Contains("process 0: \"command\" is not a string"));
  }
  SECTION("no text at all") {
    CHECK_THAT(parse_process_tree("{\"format\":\"memprof-tree\",", "index").error().what, Contains("no whole JSON"));
  }
}

TEST_CASE("every key has to be there, and every bit of damage leaves a tree or a sentence", "[tree]") {
  const std::string text = format_process_tree(sample_tree());
  const Json whole = Json::parse(text);
  for (const auto& [key, value] : whole.items()) {
    Json json = whole;
    json.erase(key);
    INFO(key);
    CHECK_FALSE(refusal(json).empty());
  }
  for (const auto& [key, value] : whole["processes"][0].items()) {
    Json json = whole;
    json["processes"][0].erase(key);
    CHECK_THAT(refusal(json), Contains('"' + key + "\" is missing"));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 7);
    const auto tree = parse_process_tree(damaged, "index");
    if (!tree) CHECK_FALSE(tree.error().what.empty());
    if (i % 16 == 0 && i + 2 < text.size()) CHECK_FALSE(parse_process_tree(text.substr(0, i), "index"));
  }
}

std::string source_file(const std::string& name) {
  std::ifstream file(std::string(MEMPROF_SOURCE_DIRECTORY) + "/" + name);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("schema and document have the keys of an index, and no others", "[tree][schema]") {
  Keys of_tree{"format", "version", "processes"}, of_process;
  for (const auto& field : kTreeFields) of_tree.insert(std::string(field.name));
  for (const auto& field : kProcessFields) of_process.insert(std::string(field.name));
  for (const auto& field : kTreeProcessFields) of_process.insert(std::string(field.name));
  const Json schema = Json::parse(source_file("docs/process-tree.schema.json"));
  const auto keys = [](const Json& object) {
    Keys found;
    for (const auto& [key, value] : object.items()) found.insert(key);
    return found;
  };
  CHECK(keys(schema.at("properties")) == of_tree);
  CHECK(schema.at("required").get<Keys>() == of_tree);
  const Json& process = schema.at("properties").at("processes").at("items");
  CHECK(keys(process.at("properties")) == of_process);
  CHECK(process.at("required").get<Keys>() == of_process);
  const std::string document = source_file("docs/process-tree.md");
  for (const auto& field : kTreeFields) CHECK_THAT(document, Contains('`' + std::string(field.name) + '`'));
  for (const auto& field : kTreeProcessFields) CHECK_THAT(document, Contains('`' + std::string(field.name) + '`'));
}

}  // namespace
}  // namespace memprof::test
