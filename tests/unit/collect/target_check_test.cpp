// What can be profiled and what cannot, on files of each kind. The sentences are for people, so each test looks for
// the reason in it.

#include "collect/target_check.hpp"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "collect/target_check_elf.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::collect {
namespace {

using Catch::Contains;
using test::TemporaryDirectory;

std::string built(const std::string& name) { return MEMPROF_TEST_TARGETS "/" + name; }

/// An executable file with this content.
std::string make_program(const TemporaryDirectory& directory, const std::string& name, const std::string& content) {
  const std::string path = directory.file(name);
  std::ofstream(path, std::ios::binary) << content;
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_refused(const std::string& program, ExitCode code, const std::string& reason) {
  INFO(program);
  const auto target = check_target(program);
  REQUIRE_FALSE(target);
  CHECK(target.error().code == code);
  CHECK_THAT(target.error().what, Contains(reason));
  CHECK_FALSE(target.error().hint.empty());
}

void check_accepted(const std::string& program, std::size_t notes = 0) {
  INFO(program);
  const auto target = check_target(program);
  if (!target) FAIL(target.error().what);
  CHECK(target->path == program);
  CHECK(target->notes.size() == notes);
}

/// PATH for the lifetime of the object.
class PathVariable {
 public:
  explicit PathVariable(const std::string& value) : before_(std::getenv("PATH")) { ::setenv("PATH", value.c_str(), 1); }
  ~PathVariable() { ::setenv("PATH", before_.c_str(), 1); }
  PathVariable(const PathVariable&) = delete;
  PathVariable& operator=(const PathVariable&) = delete;

 private:
  std::string before_;
};

TEST_CASE("dynamic programs are accepted, position-independent or not") {
  check_accepted(built("dynamic"));
  check_accepted(built("position_dependent"));
  check_accepted(built("undefined_sanitizer"));
}

TEST_CASE("static programs are refused with the reason") {
  check_refused(built("static"), ExitCode::kCannotRun, "static program");
  check_refused(built("static_pie"), ExitCode::kCannotRun, "static program");
}

TEST_CASE("sanitizer builds are refused by name") {
  check_refused(built("sanitizer_symbol"), ExitCode::kCannotRun, "MemorySanitizer");
  const std::vector<std::pair<std::string, std::string>> others{{"sanitizer_address", "AddressSanitizer"},
                                                                {"sanitizer_thread", "ThreadSanitizer"},
                                                                {"sanitizer_leak", "LeakSanitizer"}};
  for (const auto& [program, name] : others) {
    // CMake has warned if this compiler cannot build it.
    if (std::filesystem::exists(built(program))) check_refused(built(program), ExitCode::kCannotRun, name);
  }
}

TEST_CASE("an allocator that is linked in is noted, exported or hidden") {
  check_accepted(built("hidden_malloc"), 1);
  check_accepted(built("exported_malloc"), 1);
  CHECK_THAT(check_target(built("hidden_malloc"))->notes[0], Contains("allocator of its own"));
}

TEST_CASE("a program is looked for in PATH as a shell does") {
  TemporaryDirectory first, second;
  make_program(second, "tool", content_of(built("dynamic")));
  const PathVariable path(first.path().string() + ":" + second.path().string());

  CHECK(check_target("tool")->path == second.file("tool"));
  SECTION("a directory of that name does not count") {
    std::filesystem::create_directory(first.path() / "tool");
    CHECK(check_target("tool")->path == second.file("tool"));
  }
  SECTION("a file that is not executable counts only when there is no other") {
    std::ofstream(first.file("tool")) << "text";
    CHECK(check_target("tool")->path == second.file("tool"));
    std::filesystem::remove(second.path() / "tool");
    check_refused("tool", ExitCode::kCannotRun, "not executable");
  }
  SECTION("a name that is nowhere is not found") { check_refused("no-such-tool", ExitCode::kNotFound, "in PATH"); }
  SECTION("an empty name is not found") { check_refused("", ExitCode::kNotFound, "empty"); }
}

TEST_CASE("a name with a slash is a path") {
  TemporaryDirectory directory;
  check_refused(directory.file("missing"), ExitCode::kNotFound, "no such file");
  check_refused(directory.path().string(), ExitCode::kCannotRun, "is a directory");
  check_refused("/dev/null", ExitCode::kCannotRun, "not a regular file");
  const std::string plain = directory.file("plain");
  std::ofstream(plain) << "text";
  check_refused(plain, ExitCode::kCannotRun, "not executable");
  check_refused(plain + "/below", ExitCode::kNotFound, "no such file");
}

TEST_CASE("files that are no programs are refused") {
  TemporaryDirectory directory;
  check_refused(make_program(directory, "empty", ""), ExitCode::kCannotRun, "empty");
  check_refused(make_program(directory, "text", "echo hello\n"), ExitCode::kCannotRun,
                "neither an ELF program nor a script");
  check_refused(make_program(directory, "object", content_of(MEMPROF_TEST_OBJECT)), ExitCode::kCannotRun,
                "object file");
  check_refused(make_program(directory, "library", content_of(MEMPROF_TEST_LIBRARY)), ExitCode::kCannotRun,
                "shared library");
}

TEST_CASE("a program that was cut off anywhere is refused and never crashes the check") {
  TemporaryDirectory directory;
  const std::string whole = content_of(built("dynamic"));
  for (std::size_t size : {5u, 20u, 64u, 100u, 700u, 4000u, 9000u}) {
    REQUIRE(size < whole.size());
    INFO(size << " bytes");
    const auto target = check_target(make_program(directory, "cut" + std::to_string(size), whole.substr(0, size)));
    REQUIRE_FALSE(target);
    CHECK(target.error().code == ExitCode::kCannotRun);
  }
}

TEST_CASE("damaged ELF files never crash the check") {
  TemporaryDirectory directory;
  const std::string whole = content_of(built("dynamic"));
  std::srand(7);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 8; ++i) {
      // Mostly in the headers, where it hurts.
      const auto limit = i % 2 == 0 ? std::size_t{1200} : damaged.size();
      damaged[static_cast<std::size_t>(std::rand()) % limit] = static_cast<char>(std::rand());
    }
    const auto target = check_target(make_program(directory, "damaged", damaged));
    if (!target) CHECK_FALSE(target.error().what.empty());
  }
}

TEST_CASE("programs for other machines are refused by name") {
  TemporaryDirectory directory;
  const auto with_header = [&](auto change) {
    std::string content = content_of(built("dynamic"));
    Elf64_Ehdr header;
    std::memcpy(&header, content.data(), sizeof header);
    change(header);
    std::memcpy(content.data(), &header, sizeof header);
    return make_program(directory, "foreign", content);
  };
  check_refused(with_header([](Elf64_Ehdr& header) { header.e_machine = EM_S390; }), ExitCode::kCannotRun, "s390");
  check_refused(with_header([](Elf64_Ehdr& header) { header.e_machine = 9999; }), ExitCode::kCannotRun,
                "machine type 9999");
  check_refused(with_header([](Elf64_Ehdr& header) { header.e_type = ET_CORE; }), ExitCode::kCannotRun, "core dump");

  Elf32_Ehdr narrow{};
  std::memcpy(narrow.e_ident, ELFMAG, SELFMAG);
  narrow.e_ident[EI_CLASS] = ELFCLASS32;
  narrow.e_ident[EI_DATA] = ELFDATA2LSB;
  narrow.e_ident[EI_VERSION] = EV_CURRENT;
  narrow.e_type = ET_EXEC;
  narrow.e_machine = EM_386;
  narrow.e_version = EV_CURRENT;
  narrow.e_ehsize = sizeof narrow;
  const std::string bytes(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  check_refused(make_program(directory, "narrow", bytes), ExitCode::kCannotRun, "x86 (32 bits)");
}

TEST_CASE("a dynamic loader that is not there is named") {
  TemporaryDirectory directory;
  std::string content = content_of(built("dynamic"));
  const std::size_t at = content.find("/ld-linux");
  REQUIRE(at != std::string::npos);
  content.replace(at, 9, "/ld-nosys");
  check_refused(make_program(directory, "no_loader", content), ExitCode::kNotFound, "/ld-nosys");
}

TEST_CASE("scripts are judged by their interpreters") {
  TemporaryDirectory directory;
  const auto script = [&](const std::string& line) { return make_program(directory, "script", line + "\nexit 0\n"); };
  check_accepted(script("#!/bin/sh"));
  check_accepted(script("#! /bin/sh -e"));
  check_accepted(script("#!/usr/bin/env sh"));
  check_accepted(script("#!/usr/bin/env -S A=b sh -e"));
  check_refused(script("#!/no/such/interpreter"), ExitCode::kNotFound, "/no/such/interpreter");
  check_refused(script("#!/usr/bin/env no-such-interpreter"), ExitCode::kNotFound, "no-such-interpreter");
  check_refused(script("#!"), ExitCode::kCannotRun, "names no interpreter");
  check_refused(script("#!/bin/sh\r"), ExitCode::kCannotRun, "carriage return");
  check_refused(script("#!" + built("static")), ExitCode::kCannotRun, "static program");

  SECTION("an interpreter may be a script, but not without end") {
    const std::string inner = script("#!/bin/sh");
    check_accepted(make_program(directory, "outer", "#!" + inner + "\n"));
    const std::string self = directory.file("self");
    check_refused(make_program(directory, "self", "#!" + self + "\n"), ExitCode::kCannotRun, "times over");
  }
}

TEST_CASE("programs with privileges of their own are refused") {
  TemporaryDirectory directory;
  const std::string program = make_program(directory, "program", content_of(built("dynamic")));
  REQUIRE(::chmod(program.c_str(), 04755) == 0);
  check_refused(program, ExitCode::kCannotRun, "setuid");
  REQUIRE(::chmod(program.c_str(), 02755) == 0);
  check_refused(program, ExitCode::kCannotRun, "setgid");
  REQUIRE(::chmod(program.c_str(), 0755) == 0);
  check_accepted(program);

  // cap_net_raw+ep in the format of linux/capability.h, revision 2. Only root may set it.
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  if (::setxattr(program.c_str(), "security.capability", capability, sizeof capability, 0) == 0) {
    check_refused(program, ExitCode::kCannotRun, "file capabilities");
  } else {
    WARN("file capabilities were not tested: setting one takes root and a file system that has them");
  }
}

}  // namespace
}  // namespace memprof::collect
