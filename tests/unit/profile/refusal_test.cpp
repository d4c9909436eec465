// Every way in which a file can be unreadable, and the sentence that says so.

#include <zstd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "profile/byte_source.hpp"
#include "profile/json_reader.hpp"
#include "profile/profile_fields.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Json = nlohmann::ordered_json;

std::string refusal(const std::string& text) {
  const Result<Profile> read = parse_profile(text, "a.json");
  if (read) return "accepted";
  CHECK(read.error().code == ExitCode::kUsage);
  CHECK(read.error().what.find('\n') == std::string::npos);
  return read.error().what;
}

Json sample() { return Json::parse(format_profile(sample_profile())); }

/// What is said when the value at `pointer` is replaced.
std::string refusal_with(const std::string& pointer, const Json& value) {
  Json json = sample();
  json.at(Json::json_pointer(pointer)) = value;
  return refusal(json.dump());
}

std::string refusal_without(const std::string& object, const std::string& key) {
  Json json = sample();
  json.at(Json::json_pointer(object)).erase(key);
  return refusal(json.dump());
}

}  // namespace

TEST_CASE("what is no profile is called that", "[refusal]") {
  const std::string no = "a.json is not a memprof profile: ";
  CHECK(refusal("") == "a.json is empty");
  CHECK(refusal("   \n") == no + "it is not JSON (byte 5)");
  CHECK(refusal("\x7f"
                "ELF\x02\x01") == no + "it is not JSON (byte 1)");
  CHECK(refusal("{\"for") == no + "it is not JSON (byte 6)");
  CHECK(refusal("17") == no + "it holds nothing but 17");
  CHECK(refusal("null") == no + "it holds nothing but null");
  CHECK(refusal("[]") == no + "its outermost value is an array");
  CHECK(refusal("{}") == no + "it is JSON of something else (it has no \"format\")");
  CHECK(refusal(R"({"traceEvents":[{"ph":"X"}],"totals":3})") ==
        no + "it is JSON of something else (it has no \"format\")");
  CHECK(refusal(R"({"format":"heaptrack"})") == no + "its format is \"heaptrack\"");
  CHECK(refusal(R"({"format":7})") == no + "its format is 7");
  CHECK(refusal(R"({"format":"\u001b[31m"})") == no + "its format is a string");
  CHECK(refusal(R"({"format":{}})") == no + "its format is an array or object");
}

TEST_CASE("a profile of a later major version says so, whatever else it holds", "[refusal]") {
  const std::string newer = "a.json was written by a newer memprof (format 2.3); this one reads 1.x";
  CHECK(refusal_with("/version", Json::parse(R"({"major":2,"minor":3})")) == newer);
  CHECK(refusal(R"({"format":"memprof-profile","version":{"major":2,"minor":3},"sites":"in another file"})") == newer);
  CHECK(refusal(R"({"sites":[1],"stacks":{"parent":{}},"version":{"minor":3,"major":2},"format":"memprof-profile"})") ==
        newer);
  CHECK(refusal_with("/version/major", 0) == "a.json: version.major: expected 1, found 0");
  CHECK(refusal_with("/version", "1.0") == "a.json: version: expected an object, found \"1.0\"");
  const Result<Profile> read =
      parse_profile(R"({"format":"memprof-profile","version":{"major":2,"minor":3}})", "a.json");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().hint == "upgrade memprof to read it");
}

TEST_CASE("a later minor version and unknown keys are read", "[refusal]") {
  Json json = sample();
  json["version"]["minor"] = 9;
  json["nests"] = Json::parse(R"([{"deep":[[["x",null,{"y":1.5}]]]}])");
  json["comment"] = "kept by hand";
  json["totals"]["colour"] = "blue";
  json["process"]["environment"] = Json::parse(R"({"A":["b"]})");
  json["sites"]["weight"] = Json::parse("[1.5]");
  const Result<Profile> read = parse_profile(json.dump(), "a.json");
  REQUIRE(read.has_value());
  CHECK(*read == sample_profile());
}

TEST_CASE("the order of keys does not matter", "[refusal]") {
  const nlohmann::json sorted = nlohmann::json::parse(format_profile(sample_profile()));
  CHECK(parse_profile(sorted.dump(1), "a.json") == sample_profile());
}

TEST_CASE("a profile that was cut off says where", "[refusal]") {
  const std::string text = format_profile(sample_profile());
  const std::size_t format_known = text.find(",");
  for (std::size_t length = format_known; length + 2 < text.size(); ++length) {
    const std::string said = refusal(text.substr(0, length));
    INFO(said);
    REQUIRE(said == "a.json: is cut off: it ends at byte " + std::to_string(length + 1));
  }
  CHECK(refusal(text.substr(0, text.size() - 1)) == "accepted");  // only the last line break is gone
}

TEST_CASE("broken JSON says where", "[refusal]") {
  std::string text = format_profile(sample_profile());
  CHECK(refusal(text + "{") == "a.json: is not valid JSON at byte " + std::to_string(text.size() + 1));
  const std::size_t place = text.find("\"totals\"");
  text[place - 1] = '!';
  CHECK(refusal(text) == "a.json: is not valid JSON at byte " + std::to_string(place));
  std::string overflow = format_profile(sample_profile());
  overflow.replace(overflow.find("\"duration_s\":1.5") + 13, 3, "1e999");
  CHECK(refusal(overflow).starts_with("a.json: has a number that is too large at byte "));
}

TEST_CASE("deep nesting is refused, not followed", "[refusal]") {
  for (const std::string piece : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += piece;
    CHECK(refusal("{\"format\":\"memprof-profile\",\"later\":" + deep) == "a.json: is nested more than 64 levels deep");
  }
  std::string deep(1'000'000, '[');
  CHECK(refusal("{\"strings\":" + deep) == "a.json: is nested more than 64 levels deep");
}

TEST_CASE("a value of the wrong kind is named by its path", "[refusal]") {
  CHECK(refusal_with("/generator", 5) == "a.json: generator: expected a string");
  CHECK(refusal_with("/generator", Json::array()) == "a.json: generator: expected a string");
  CHECK(refusal_with("/totals/frees", -1) ==
        "a.json: totals.frees: expected an integer from 0 to 18446744073709551615, found -1");
  CHECK(refusal_with("/totals/frees", 1.5) ==
        "a.json: totals.frees: expected an integer from 0 to 18446744073709551615, found a fraction");
  CHECK(refusal_with("/totals/frees", Json::object()) ==
        "a.json: totals.frees: expected an integer from 0 to 18446744073709551615, found an object");
  CHECK(refusal_with("/totals/peak_time_s", "soon") == "a.json: totals.peak_time_s: expected a number, found \"soon\"");
  CHECK(refusal_with("/process/pid", 3'000'000'000) ==
        "a.json: process.pid: expected an integer of 32 bits, found 3000000000");
  CHECK(refusal_with("/process/pid", -3'000'000'000) ==
        "a.json: process.pid: expected an integer of 32 bits, found -3000000000");
  CHECK(refusal_with("/process/start_unix_ms", 1e30) ==
        "a.json: process.start_unix_ms: expected an integer of 64 bits, found a fraction");
  CHECK(refusal_with("/process/forked", 0) == "a.json: process.forked: expected true or false, found 0");
  CHECK(refusal_with("/process/end_kind", "gone") ==
        "a.json: process.end_kind: expected \"exited\", \"signalled\", \"replaced\", \"still_running\" or \"unknown\", "
        "found \"gone\"");
  CHECK(refusal_with("/process/command", "ls") == "a.json: process.command: expected an array, found \"ls\"");
  CHECK(refusal_with("/process/command/1", nullptr) == "a.json: process.command[1]: expected a string, found null");
  CHECK(refusal_with("/capture", Json::array()) == "a.json: capture: expected an object, found an array");
  CHECK(refusal_with("/capture", true) == "a.json: capture: expected an object, found true");
  CHECK(refusal_with("/strings", Json::object()) == "a.json: strings: expected an array, found an object");
  CHECK(refusal_with("/strings", 1) == "a.json: strings: expected an array, found 1");
  CHECK(refusal_with("/strings/2", 3) == "a.json: strings[2]: expected a string, found 3");
  CHECK(refusal_with("/strings/2", Json::array()) == "a.json: strings[2]: expected a string, found an array");
  CHECK(refusal_with("/sites/stack", 1) == "a.json: sites.stack: expected an array, found 1");
  CHECK(refusal_with("/sites/stack", Json::object()) == "a.json: sites.stack: expected an array, found an object");
  CHECK(refusal_with("/sites/stack/0", Json::array()) ==
        "a.json: sites.stack[0]: expected an integer from 0 to 4294967295, found an array");
  CHECK(refusal_with("/stacks/parent/3", -2) ==
        "a.json: stacks.parent[3]: expected an integer from -1 to 4294967294, found -2");
  CHECK(refusal_with("/stacks/parent/3", 4294967295) ==
        "a.json: stacks.parent[3]: expected an integer from -1 to 4294967294, found 4294967295");
  CHECK(refusal_with("/frames/inlined/1", 1) == "a.json: frames.inlined[1]: expected true or false, found 1");
}

TEST_CASE("a histogram has rising buckets with counts", "[refusal]") {
  const std::string expected =
      ": expected buckets below 65 in rising order, each followed by its count above 0, found ";
  const auto histogram = [](const char* json) { return refusal_with("/sites/size_histogram/0", Json::parse(json)); };
  CHECK(histogram("[]") == "accepted");
  CHECK(histogram("[0,1,64,2]") == "accepted");
  CHECK(histogram("7") == "a.json: sites.size_histogram[0]" + expected + "7");
  CHECK(histogram("[1]") == "a.json: sites.size_histogram[0][1]" + expected + "an array that ends too early");
  CHECK(histogram("[65,1]") == "a.json: sites.size_histogram[0][0]" + expected + "65");
  CHECK(histogram("[3,1,3,1]") == "a.json: sites.size_histogram[0][2]" + expected + "3");
  CHECK(histogram("[3,0]") == "a.json: sites.size_histogram[0][1]" + expected + "0");
  CHECK(histogram("[[3,1]]") == "a.json: sites.size_histogram[0][0]" + expected + "an array");
}

TEST_CASE("nothing may be missing", "[refusal]") {
  CHECK(refusal_without("", "format") ==
        "a.json is not a memprof profile: it is JSON of something else (it has no \"format\")");
  CHECK(refusal_without("", "version") == "a.json: version.major is missing");
  CHECK(refusal_without("", "generator") == "a.json: generator is missing");
  CHECK(refusal_without("", "strings") == "a.json: strings is missing");
  const auto check = [](std::string_view section, const auto&, const auto& fields) {
    for (const auto& field : fields) {
      const std::string key(field.name);
      CHECK(refusal_without("/" + std::string(section), key) ==
            "a.json: " + std::string(section) + "." + key + " is missing");
    }
  };
  const Profile profile;
  for_each_object(profile, check);
  for_each_table(profile, check);
}

TEST_CASE("nothing may appear twice", "[refusal]") {
  const std::string text = format_profile(sample_profile());
  const std::string end = text.substr(0, text.rfind('}'));
  CHECK(refusal(end + R"(,"totals":{"frees":2}})") == "a.json: totals.frees appears twice");
  CHECK(refusal(end + R"(,"sites":{"hook":[1]}})") == "a.json: sites.hook appears twice");
  CHECK(refusal(end + R"(,"strings":[]})") == "a.json: strings appears twice");
}

TEST_CASE("columns of one table are equally long", "[refusal]") {
  CHECK(refusal_with("/stacks/frame", Json::parse("[-1,-1,-1,0]")) ==
        "a.json: stacks.frame has 4 values, but stacks.parent has 5");
  CHECK(refusal_with("/stacks/frame", Json::parse("[-1,-1,-1,0,1,1]")) ==
        "a.json: stacks.frame has more values than stacks.parent, which has 5");
  CHECK(refusal_with("/sites/lifetime_histogram", Json::parse("[[],[]]")) ==
        "a.json: sites.lifetime_histogram has more values than sites.stack, which has 1");
  CHECK(refusal_with("/sites/hook", Json::array()) == "a.json: sites.hook has 0 values, but sites.stack has 1");
}

TEST_CASE("every index is checked", "[refusal]") {
  const auto rows_of = [](Reference reference) {
    const Profile profile = sample_profile();
    switch (reference) {
      case Reference::kStrings:
        return profile.strings.size();
      case Reference::kModules:
        return profile.modules.size();
      case Reference::kFrames:
        return profile.frames.size();
      case Reference::kSites:
        return profile.sites.size();
      case Reference::kTypes:
        return profile.types.size();
      case Reference::kThreads:
        return profile.threads.size();
      case Reference::kTicks:
        return profile.ticks.size();
      case Reference::kScopes:
        return profile.scopes.size();
      default:
        return profile.stacks.size();
    }
  };
  int checked = 0;
  const Profile profile = sample_profile();
  for_each_table(profile, [&](std::string_view table, const auto& rows, const auto& fields) {
    for (const auto& field : fields) {
      if (field.reference == Reference::kNone) continue;
      for (const std::size_t index : {rows_of(field.reference), std::size_t{4'000'000'000}}) {
        const std::string column = std::string(table) + "." + std::string(field.name);
        const std::string row = std::to_string(rows.size() - 1);
        Json json = sample();
        json.at(std::string(table)).at(std::string(field.name)).at(rows.size() - 1) = index;
        const std::string said = refusal(json.dump());
        INFO(said);
        CHECK(said.starts_with("a.json: " + column + "[" + row + "] is " + std::to_string(index) + ", but "));
        ++checked;
      }
    }
  });
  CHECK(checked == 2 * 24);
  CHECK(refusal_with("/frames/module/1", 1) == "a.json: frames.module[1] is 1, but modules has 1 row");
  CHECK(refusal_with("/sites/hook/0", 7) == "a.json: sites.hook[0] is 7, but strings has 7 rows");
}

TEST_CASE("the promises of the model are checked", "[refusal]") {
  CHECK(refusal_with("/strings/0", "x") == "a.json: strings[0] is not the empty string");
  CHECK(refusal_with("/stacks/parent/1", 0) == "a.json: stacks.parent[1] must be -1, because it is a root");
  CHECK(refusal_with("/stacks/frame/2", 0) == "a.json: stacks.frame[2] must be -1, because it is a root");
  CHECK(refusal_with("/stacks/parent/3", -1) == "a.json: stacks.parent[3] is -1, but only the first 3 rows are roots");
  CHECK(refusal_with("/stacks/parent/3", 3) == "a.json: stacks.parent[3] does not come before its child");
  CHECK(refusal_with("/stacks/parent/3", 4) == "a.json: stacks.parent[3] does not come before its child");
  CHECK(refusal_with("/stacks/frame/4", -1) == "a.json: stacks.frame[4] is -1, but only roots have no frame");
  CHECK(refusal_with("/timeline/time_s/1", -0.5) == "a.json: timeline.time_s[1] is before the one above it");
  CHECK(refusal_with("/scopes/parent/1", 1) == "a.json: scopes.parent[1] does not come before its child");
  CHECK(refusal_with("/scope_calls/begin_s/1", 0) == "a.json: scope_calls.begin_s[1] is before the one above it");
  Json mixed = sample();
  for (auto& column : mixed["threads"]) column.push_back(column[0]);
  mixed["scopes"]["thread"][1] = 1;
  CHECK(refusal(mixed.dump()) == "a.json: scopes.parent[1] is a scope of another thread");
  Json twice = sample();
  for (auto& column : twice["sites"]) column.push_back(column[0]);
  CHECK(refusal(twice.dump()) == "a.json: sites.stack[1] is 4, which has a site already");
  Json rootless = sample();
  for (const char* table :
       {"stacks", "sites", "mapped_sites", "ticks", "tick_changes", "scopes", "scope_calls", "snapshots"}) {
    for (auto& column : rootless[table]) column.clear();
  }
  CHECK(refusal(rootless.dump()) == "a.json: stacks has fewer than 3 rows");
  Json wordless = sample();
  wordless["strings"].clear();
  CHECK(refusal(wordless.dump()) == "a.json: strings[0] is not the empty string");
}

TEST_CASE("files that cannot be opened or read say why", "[refusal]") {
  const TemporaryDirectory directory;
  const auto read = [](const std::string& path) { return read_profile(path).error().what; };
  CHECK(read("/nowhere/a.json") == "/nowhere/a.json cannot be opened: No such file or directory");
  CHECK(read(directory.path().string()) == directory.path().string() + " cannot be read: Is a directory");
  CHECK(read("/dev/null") == "/dev/null is empty");
}

TEST_CASE("damaged compressed files say so", "[refusal]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.zst");
  REQUIRE(write_profile(sample_profile(), path).has_value());
  std::ifstream file(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (const std::size_t length : {whole.size() - 1, whole.size() / 2, std::size_t{4}}) {
    CHECK(refusal(whole.substr(0, length)) == "a.json is cut off: its compressed data ends too early");
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  CHECK(refusal(damaged).starts_with("a.json is damaged (zstd: "));
  CHECK(refusal(whole + "{}").starts_with("a.json is damaged (zstd: "));
}

TEST_CASE("a compressed file that expands without end is given up", "[refusal]") {
  const std::string spaces(100u << 20, ' ');
  std::string bomb(ZSTD_compressBound(spaces.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), spaces.data(), spaces.size(), 1));
  CHECK(refusal(bomb) == "a.json expands to more than 500 times its size, as no profile does");
}

namespace {

/// The start of a profile, then the same piece again and again.
class EndlessSource final : public ByteSource {
 public:
  EndlessSource(std::string start, const std::string& piece) : start_(std::move(start)) {
    while (pieces_.size() < 100'000) pieces_ += piece;
  }
  std::string_view next() override { return std::exchange(started_, true) ? pieces_ : start_; }

 private:
  std::string start_;
  std::string pieces_;
  bool started_ = false;
};

TEST_CASE("tick changes that are out of order or fall below nothing are refused") {
  CHECK(refusal_with("/tick_changes/site/0", 9) == "a.json: tick_changes.site[0] is 9, but sites has 1 row");
  CHECK(refusal_with("/tick_changes/tick/1", 0) == "a.json: tick_changes.tick[1] does not come after the one above it");
  CHECK(refusal_with("/tick_changes/live_blocks/1", -3) ==
        "a.json: tick_changes.live_blocks[1] leaves the site with fewer than no blocks");
  CHECK(refusal_with("/tick_changes/live_bytes/0", -1) ==
        "a.json: tick_changes.live_bytes[0] leaves the site with fewer than no bytes");
}

}  // namespace

TEST_CASE("an endless file is refused when its tables take too much memory", "[refusal]") {
  constexpr std::uint64_t kLimit = 1 << 20;
  const auto said = [&](const std::string& start, const std::string& piece) {
    EndlessSource source(R"({"format":"memprof-profile",)" + start, piece);
    const Result<Profile> read = read_profile_json(source, "a.json", kLimit);
    return read ? "accepted" : read.error().what;
  };
  const std::string refused = "a.json: would take more memory than any profile needs, at ";
  CHECK(said(R"("sites":{"stack":[0)", ",0").starts_with(refused + "sites.stack["));
  CHECK(said(R"("strings":["")", ",\"\"").starts_with(refused + "strings["));
  CHECK(said(R"("stacks":{"parent":[-1)", ",-1").starts_with(refused + "stacks.parent["));
  CHECK(said(R"("process":{"command":[""])", ",\"\"").starts_with("a.json: "));
  CHECK(said(R"("process":{"command":["")", ",\"\"").starts_with(refused + "process.command["));
  CHECK(said(R"("sites":{"size_histogram":[[])", ",[]").starts_with(refused + "sites.size_histogram["));
}

}  // namespace memprof::test
