// The installed CMake package, as another project uses it: tests/consumer.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

/// memprof installed, and the consumer configured against it.
class Consumer {
 public:
  Consumer() {
    succeed({"cmake", "--install", build_directory(), "--prefix", prefix()});
    fs::copy(source_directory() + "/tests/consumer", source());
    const CommandResult configured = configure({});
    INFO(configured.out << configured.err);
    REQUIRE(configured.status == 0);
  }

  CommandResult configure(Arguments options) const {
    Arguments command{"cmake", "-S", source(), "-B", build(), "-G", "Ninja", "-DCMAKE_PREFIX_PATH=" + prefix()};
    command.insert(command.end(), options.begin(), options.end());
    return run_command(command);
  }

  void compile(const std::string& target) const { succeed({"cmake", "--build", build(), "--target", target}); }

  CommandResult test(const std::string& name) const {
    return run_command({"ctest", "--test-dir", build(), "--verbose", "--no-tests=error", "-R", "^" + name + "$"});
  }

  std::string prefix() const { return directory_.file("installed here"); }
  std::string source() const { return directory_.file("project"); }
  std::string build() const { return directory_.file("build"); }

 private:
  static void succeed(const Arguments& command) {
    const CommandResult result = run_command(command);
    INFO(shown(command) << "\n" << result.out << result.err);
    REQUIRE(result.status == 0);
  }

  TemporaryDirectory directory_;
};

TEST_CASE("a project adds gates for its programs with find_package(memprof)") {
  const Consumer consumer;
  consumer.compile("all");

  const CommandResult tidy = consumer.test("gate.tidy");
  INFO(tidy.out);
  CHECK(tidy.status == 0);
  CHECK(read_file(consumer.build() + "/tidy.xml").starts_with("<?xml"));
  const auto report = nlohmann::json::parse(read_file(consumer.build() + "/tidy.json"));
  CHECK(report.at("outcome") == "pass");
  CHECK(report.at("rules").size() == 2);

  const CommandResult ticking = consumer.test("no growth");
  INFO(ticking.out);
  CHECK(ticking.status == 0);

  const CommandResult leaky = consumer.test("gate.leaky");
  INFO(leaky.out);
  CHECK(leaky.status == 8);
  CHECK_THAT(leaky.out, Contains("fail: ") && Contains("lose_block") && Contains("leaky.cpp:10"));
  const auto sarif = nlohmann::json::parse(read_file(consumer.build() + "/leaky.sarif"));
  CHECK_THAT(sarif.at("runs").at(0).at("results").at(0).at("message").at("text").get<std::string>(),
             Contains("72 B in 3 blocks"));
}

TEST_CASE("a gate with a baseline has a target that writes it") {
  const Consumer consumer;
  consumer.compile("all");
  const std::string baseline = consumer.source() + "/accepted.baseline";

  CHECK(consumer.test("accepted").status == 8);  // there is no baseline yet: nothing can be judged
  consumer.compile("accepted.baseline");
  CHECK_THAT(read_file(baseline), Contains("lose_block"));
  const CommandResult accepted = consumer.test("accepted");
  INFO(accepted.out);
  CHECK(accepted.status == 0);

  write_file(consumer.source() + "/memprof.toml", "[check]\nmax-allocations = 0\n");
  REQUIRE(consumer.configure({}).status == 0);
  CHECK_THAT(consumer.test("accepted").out, Contains("max-allocations") && Contains("memprof.toml:2"));
}

TEST_CASE("the header works whatever compiles it, in programs that link nothing, profiled or not") {
  const Consumer consumer;
  struct Source {
    std::string file, standard, profiled, native;
  };
  const std::vector<Source> sources{
      {"asking.c", "-std=c99", "traced 1 1000 1000\nwhere 1\nsnapshot 1\n", "traced 0 0 0\nwhere 0\nsnapshot 0\n"},
      {"asking_cxx.cpp", "-std=c++11", "traced 1 1000\nsnapshot 1\n", "traced 0 0\nsnapshot 0\n"}};
  const std::vector<Arguments> ways{{"-O0"}, {"-O2"}, {"-O0", "-fno-pie", "-no-pie"}, {"-O2", "-fno-plt", "-flto"}};
  TemporaryDirectory directory;
  CommandOptions there;
  there.directory = directory.path().string();
  for (const Source& source : sources) {
    const bool is_c = source.file.ends_with(".c");
    for (const std::string compiler : {is_c ? "gcc" : "g++", is_c ? "clang-14" : "clang++-14"}) {
      for (const Arguments& way : ways) {
        if (compiler.starts_with("clang") && way.back() == "-flto") continue;  // needs lld, which nobody promised
        Arguments compile{compiler, source.standard, "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"};
        compile.insert(compile.end(), way.begin(), way.end());
        compile.insert(compile.end(), {"-I" + consumer.prefix() + "/include", consumer.source() + "/" + source.file,
                                       "-o", directory.file("program")});
        INFO(shown(compile));
        const CommandResult compiled = run_command(compile);
        INFO(compiled.err);
        REQUIRE(compiled.status == 0);
        CHECK(run_command({directory.file("program")}).out == source.native);
        const CommandResult run =
            run_command({memprof_program(), "run", "-q", "-o", "p.json", directory.file("program")}, there);
        INFO(run.err);
        CHECK(run.status == 0);
        CHECK(run.out == source.profiled);
        CHECK(std::filesystem::remove(directory.file("p.in-the-middle.json")));
      }
    }
  }
}

TEST_CASE("a gate that is described wrongly stops the configuration with a sentence") {
  const Consumer consumer;
  const auto misuse = [&](const std::string& kind) {
    const CommandResult result = consumer.configure({"-DMISUSE=" + kind});
    CHECK(result.status != 0);
    std::string words;  // CMake breaks lines where it likes
    for (const char character : result.err) {
      const char plain = character == '\n' ? ' ' : character;
      if (plain != ' ' || !words.ends_with(' ')) words += plain;
    }
    return words;
  };
  CHECK_THAT(misuse("target"), Contains("memprof_add_gate(missing): there is no such target"));
  CHECK_THAT(misuse("library"),
             Contains("memprof_add_gate(library): this target is no executable but a STATIC_LIBRARY"));
  CHECK_THAT(misuse("argument"), Contains("'--self-test' has no meaning here"));
  CHECK_THAT(misuse("format"), Contains("'junit' is not FORMAT=FILE"));
  CHECK_THAT(misuse("value"), Contains("nothing stands after NAME"));
}

}  // namespace
}  // namespace memprof::test
