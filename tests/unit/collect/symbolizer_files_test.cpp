// Where names come from: the file itself, its debug file, what is left after stripping; and when they must not be used.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "collect/prepared_dwarf.hpp"
#include "collect/symbol_unpack.hpp"
#include "collect/symbol_workers.hpp"
#include "collect/symbolizer.hpp"
#include "collect/unique_fd.hpp"
#include "tests/catch.hpp"
#include "tests/unit/collect/symbol_fixture.hpp"

using namespace memprof;
using memprof::test::line_of;
using memprof::test::look_up;
using memprof::test::shell;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kNothing = " :0";

/// What "inlined" of plain.c and of shapes.cpp must say where all is known.
Lines plain_chain() {
  return {"small plain.c:" + std::to_string(line_of("plain.c", "small marks")) + " inlined",
          "local plain.c:" + std::to_string(line_of("plain.c", "local calls"))};
}

Lines shapes_chain() {
  const auto line = [](const char* what) { return " shapes.cpp:" + std::to_string(line_of("shapes.cpp", what)); };
  return {"shapes::Box<int>::fill(int)" + line("fill marks") + " inlined",
          "shapes::middle(int)" + line("middle calls") + " inlined", "shapes::outer(int)" + line("outer calls")};
}

/// A copy of one of the programs that may be stripped, overwritten and deleted.
struct Copy {
  test::ScratchDirectory directory;
  test::MarkedProgram program;
  std::string path = directory / "copy";

  explicit Copy(const std::string& name) : program(test::run_program(test::program_path(name))) {
    shell("cp " + program.path + " " + path);
  }
  collect::ModuleImage image() const { return {path, program.build_id, -1}; }
  /// Moves debug info and symbols to `debug`.
  void strip_to(const std::string& debug) const {
    shell("objcopy --only-keep-debug " + path + " " + debug + " && strip " + path);
  }
  std::string build_id_path() const {
    const std::string folder = directory / "debug/.build-id/" + program.build_id.substr(0, 2);
    shell("mkdir -p " + folder);
    return folder + "/" + program.build_id.substr(2) + ".debug";
  }
  collect::SymbolizerOptions options() const {
    collect::SymbolizerOptions options;
    options.debug_directories = {directory / "debug"};
    return options;
  }
};

bool gcc_is_here() {
  if (!MEMPROF_HAVE_GCC) WARN("SKIPPED: gcc and g++ are not installed, so there are no programs to look at");
  return MEMPROF_HAVE_GCC;
}

std::vector<std::string> notes_for(const collect::ModuleImage& image, std::uint64_t address) {
  collect::Symbolizer symbolizer({image}, test::no_debug_directories());
  const std::vector<collect::CodeLocation> locations = {{0, address}};
  symbolizer.resolve(locations);
  return symbolizer.notes();
}

}  // namespace

TEST_CASE("a stripped program has its names from the debug file of its build id") {
  if (!gcc_is_here()) return;
  for (const char* name : {"plain-gcc", "shapes-gcc-O2-dwarf5", "shapes-gcc-compressed"}) {
    const Copy copy(name);
    const auto expected = std::string(name) == "plain-gcc" ? plain_chain() : shapes_chain();
    copy.strip_to(copy.build_id_path());
    CHECK(look_up(copy.image(), copy.program.mark("inlined")) == Lines{kNothing});
    CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == expected);
  }
}

TEST_CASE("a compressed debug file is unpacked once, says the same as before, and packed sections are not missed") {
  if (!gcc_is_here()) return;
  const Copy copy("plain-gcc");
  const std::string debug = copy.build_id_path();
  copy.strip_to(debug);
  shell("objcopy --compress-debug-sections=zlib " + debug);
  REQUIRE(collect::ElfFile::open(debug).dwarf_is_compressed());
  CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == plain_chain());

  const collect::ElfFile unpacked = collect::unpacked(collect::ElfFile::open(debug));
  REQUIRE(unpacked);
  CHECK(unpacked.has_dwarf());
  CHECK_FALSE(unpacked.dwarf_is_compressed());
  CHECK(unpacked.build_id() == copy.program.build_id);
  const collect::ElfFile again = collect::unpacked(collect::ElfFile::open(debug));
  CHECK(again.bytes().data() == unpacked.bytes().data());

  // Another file of that name, as after an upgrade.
  shell("echo >>" + debug);
  CHECK(collect::unpacked(collect::ElfFile::open(debug)).bytes().data() != unpacked.bytes().data());
}

TEST_CASE("threads that want the same debug file unpack it together") {
  if (!gcc_is_here()) return;
  const Copy copy("shapes-gcc-O2-dwarf5");
  const std::string debug = copy.build_id_path();
  copy.strip_to(debug);
  shell("objcopy --compress-debug-sections=zlib " + debug);
  std::vector<collect::ElfFile> files(4);
  collect::run_tasks(files.size(), 4,
                     [&](std::size_t i) { files[i] = collect::unpacked(collect::ElfFile::open(debug)); });
  for (const collect::ElfFile& file : files) {
    CHECK_FALSE(file.dwarf_is_compressed());
    CHECK(file.is_same(files.front()));
  }
  CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == shapes_chain());
}

TEST_CASE("a handle that was prepared is given out once, and not for a file that has changed") {
  if (!gcc_is_here()) return;
  const Copy copy("plain-gcc");
  const auto take = [&] { return collect::take_prepared_dwarf(copy.image(), find_module_files(copy.image(), {}, {})); };
  const auto code_so_far = [&] { return std::vector<std::uint64_t>{0, copy.program.mark("inlined")}; };
  collect::expect_dwarf(copy.image(), code_so_far);
  auto handle = take();
  for (int i = 0; !handle && i < 10'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    handle = take();
  }
  REQUIRE(handle);
  CHECK(take() == nullptr);
  const std::vector<std::uint64_t> addresses = {0, copy.program.mark("inlined")};
  const auto units = handle->units().units_of(addresses);
  CHECK(units[0] == collect::kNoUnit);
  CHECK(units[1] != collect::kNoUnit);

  collect::keep_dwarf(copy.image(), std::move(handle));
  CHECK(look_up(copy.image(), copy.program.mark("inlined")) == plain_chain());
  handle = take();  // look_up() has used and kept it
  REQUIRE(handle);
  collect::keep_dwarf(copy.image(), std::move(handle));
  shell("echo >>" + copy.path);
  CHECK(take() == nullptr);
}

TEST_CASE("a compressed debug file that is damaged stays as it is") {
  if (!gcc_is_here()) return;
  const Copy copy("plain-gcc");
  const std::string debug = copy.build_id_path();
  copy.strip_to(debug);
  shell("objcopy --compress-debug-sections=zlib " + debug);
  const auto info = collect::ElfFile::open(debug).section(".debug_info");
  REQUIRE(info);
  shell("printf 'nonsense' | dd of=" + debug +
        " bs=1 conv=notrunc status=none seek=" + std::to_string(info->header.sh_offset + sizeof(Elf64_Chdr)));
  CHECK(collect::unpacked(collect::ElfFile::open(debug)).dwarf_is_compressed());
  CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == Lines{"local :0"});
}

TEST_CASE("a debug file of another build in the place of the right one is not used") {
  if (!gcc_is_here()) return;
  const Copy copy("shapes-gcc-O2-dwarf5");
  shell("objcopy --only-keep-debug " + test::program_path("shapes-gcc-rebuilt") + " " + copy.build_id_path());
  shell("strip " + copy.path);
  CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == Lines{kNothing});
}

TEST_CASE("a stripped program has its names from the file that .gnu_debuglink names") {
  if (!gcc_is_here()) return;
  for (const char* name : {"plain-gcc", "plain-no-id"}) {
    const Copy copy(name);
    copy.strip_to(copy.directory / "copy.debug");
    shell("cd " + copy.directory.string() + " && objcopy --add-gnu-debuglink=copy.debug copy");
    INFO(name);
    CHECK(look_up(copy.image(), copy.program.mark("inlined")) == plain_chain());

    shell("cd " + copy.directory.string() + " && mkdir .debug && mv copy.debug .debug/");
    CHECK(look_up(copy.image(), copy.program.mark("inlined")) == plain_chain());

    const std::string far = copy.directory / "debug" + copy.directory.string();
    shell("mkdir -p " + far + " && mv " + (copy.directory / ".debug/copy.debug") + " " + far);
    CHECK(look_up(copy.image(), copy.program.mark("inlined")) == Lines{kNothing});
    CHECK(look_up(copy.image(), copy.program.mark("inlined"), copy.options()) == plain_chain());
  }
}

TEST_CASE("a debug file whose checksum or build id differs from the link is not used") {
  if (!gcc_is_here()) return;
  const Copy without_id("plain-no-id");
  without_id.strip_to(without_id.directory / "copy.debug");
  shell("cd " + without_id.directory.string() + " && objcopy --add-gnu-debuglink=copy.debug copy && echo >>copy.debug");
  CHECK(look_up(without_id.image(), without_id.program.mark("inlined")) == Lines{kNothing});

  const Copy with_id("shapes-gcc-O2-dwarf5");
  with_id.strip_to(with_id.directory / "copy.debug");
  shell("cd " + with_id.directory.string() +
        " && objcopy --add-gnu-debuglink=copy.debug copy && objcopy --only-keep-debug " +
        test::program_path("shapes-gcc-rebuilt") + " copy.debug");
  CHECK(look_up(with_id.image(), with_id.program.mark("inlined")) == Lines{kNothing});
}

TEST_CASE("what dwz moved to a shared file is followed, if it is the right one") {
  if (!gcc_is_here()) return;
  if (!test::has_tool("dwz")) {
    WARN("SKIPPED: dwz is not installed, so shared debug files are not tested");
    return;
  }
  const Copy copy("shapes-gcc-O2-dwarf4");
  const std::string other = copy.directory / "other";
  shell("cp " + test::program_path("shapes-gcc-O0-dwarf4") + " " + other);
  shell("cd " + copy.directory.string() + " && dwz -m shared.dwz -M shared.dwz copy other");
  shell("readelf --sections --wide " + copy.path + " | grep -q gnu_debugaltlink");
  CHECK(look_up(copy.image(), copy.program.mark("inlined")) == shapes_chain());
  const auto secret = look_up(copy.image(), copy.program.mark("secret"));
  REQUIRE(secret.size() == 2);
  CHECK(secret[0].starts_with("(anonymous namespace)::Secret::reveal() shapes.cpp:"));

  // Lines are still in the program. Names and directories are not, and those of a file of another build would be wrong.
  shell("cd " + copy.directory.string() + " && cp " + test::program_path("shapes-gcc-rebuilt") + " shared.dwz");
  collect::Symbolizer symbolizer({copy.image()}, test::no_debug_directories());
  const std::vector<collect::CodeLocation> locations = {{0, copy.program.mark("inlined")}};
  const auto chains = symbolizer.resolve(locations);
  for (const auto& frame : chains[0]) {
    CHECK((frame.file == "shapes.cpp" || frame.file == std::string(MEMPROF_SYMBOL_SOURCES) + "/shapes.cpp"));
    CHECK((frame.function.empty() || frame.function == "shapes::outer(int)"));
    CHECK(frame.line != 0);
  }
}

TEST_CASE("a library that was closed meanwhile keeps its names") {
  if (!gcc_is_here()) return;
  const auto program = test::run_program(test::program_path("loader"), test::program_path("library.so"));
  const std::string library = test::program_path("library.so");
  CHECK(look_up({library, test::build_id_of(library), -1}, program.mark("library")) ==
        Lines{"library_entry library.cpp:" + std::to_string(line_of("library.cpp", "library calls"))});
}

TEST_CASE("without debug info function symbols name the code, and the nearest one below says that it is only that") {
  if (!gcc_is_here()) return;
  const Copy symbols("plain-gcc");
  shell("strip --strip-debug " + symbols.path);
  CHECK(look_up(symbols.image(), symbols.program.mark("inlined")) == Lines{"local :0"});
  CHECK(look_up(symbols.image(), symbols.program.mark("main")) == Lines{"main :0"});

  const auto marks = test::run_program(test::program_path("loader"), test::program_path("library.so"));
  test::ScratchDirectory directory;
  const std::string stripped = directory / "library.so";
  shell("strip -o " + stripped + " " + test::program_path("library.so"));
  const collect::ModuleImage image{stripped, test::build_id_of(stripped), -1};
  CHECK(look_up(image, marks.mark("library")) == Lines{"library_entry :0"});
  CHECK(look_up(image, marks.mark("behind")) == Lines{"library_entry :0 nearest"});
}

TEST_CASE("a program without any symbol has chains without names") {
  if (!gcc_is_here()) return;
  const Copy copy("plain-gcc");
  shell("strip " + copy.path);
  collect::Symbolizer symbolizer({copy.image()}, test::no_debug_directories());
  const std::vector<collect::CodeLocation> locations = {{0, copy.program.mark("main")}};
  const auto chains = symbolizer.resolve(locations);
  REQUIRE(chains[0].size() == 1);
  CHECK(chains[0][0].function.empty());
  CHECK(chains[0][0].file.empty());
  CHECK_FALSE(chains[0][0].nearest);
}

TEST_CASE("the symbols in .gnu_debugdata are read") {
  if (!gcc_is_here()) return;
  if (!test::has_tool("xz")) {
    WARN("SKIPPED: xz is not installed, so .gnu_debugdata is not tested");
    return;
  }
  const Copy copy("plain-gcc");
  shell("cd " + copy.directory.string() +
        " && strip --strip-debug -o symbols copy && objcopy --only-keep-debug symbols mini && xz mini && strip copy && "
        "objcopy --add-section .gnu_debugdata=mini.xz copy");
  CHECK(look_up(copy.image(), copy.program.mark("inlined")) == Lines{"local :0"});
  shell("cd " + copy.directory.string() +
        " && head -c 300 mini.xz >damaged && objcopy --update-section .gnu_debugdata=damaged copy");
  CHECK(look_up(copy.image(), copy.program.mark("inlined")) == Lines{kNothing});
}

TEST_CASE("a deleted program is read through the descriptor that was opened while it ran") {
  if (!gcc_is_here()) return;
  const Copy copy("plain-gcc");
  const collect::UniqueFd file(open(copy.path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file);
  REQUIRE(unlink(copy.path.c_str()) == 0);
  const std::string path = copy.path + " (deleted)";
  CHECK(look_up({path, copy.program.build_id, file.get()}, copy.program.mark("inlined")) == plain_chain());
  CHECK(look_up({path, copy.program.build_id, -1}, copy.program.mark("inlined")) == Lines{kNothing});
  const auto notes = notes_for({path, copy.program.build_id, -1}, copy.program.mark("inlined"));
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("cannot be read any more") != std::string::npos);
}

TEST_CASE("a program that was rebuilt since has no names rather than wrong ones, and a note says why") {
  if (!gcc_is_here()) return;
  const Copy copy("shapes-gcc-O2-dwarf5");
  const collect::UniqueFd old(open(copy.path.c_str(), O_RDONLY | O_CLOEXEC));
  shell("cp --remove-destination " + test::program_path("shapes-gcc-rebuilt") + " " + copy.path);
  const auto address = copy.program.mark("inlined");
  CHECK(look_up(copy.image(), address) == Lines{kNothing});
  CHECK(look_up({copy.path, copy.program.build_id, old.get()}, address) == shapes_chain());
  const auto notes = notes_for(copy.image(), address);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find(copy.path + " has changed since") == 0);
}

TEST_CASE("without a build id from the target only what cannot be another file is used") {
  if (!gcc_is_here()) return;
  const Copy without("plain-no-id");
  CHECK(look_up({without.path, "", -1}, without.program.mark("inlined")) == plain_chain());

  const Copy with("plain-gcc");
  const collect::UniqueFd file(open(with.path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(look_up({with.path, "", -1}, with.program.mark("inlined")) == Lines{kNothing});
  CHECK(look_up({with.path, "", file.get()}, with.program.mark("inlined")) == plain_chain());
}

TEST_CASE("the kernel's vDSO is read from our own memory") {
  void* vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
  link_map* map = nullptr;
  if (vdso == nullptr || dlinfo(vdso, RTLD_DI_LINKMAP, &map) != 0) {
    WARN("SKIPPED: no vDSO is mapped here");
    return;
  }
  for (const char* name : {"__vdso_clock_gettime", "__vdso_getcpu"}) {
    const void* function = dlsym(vdso, name);
    INFO(name);
    REQUIRE(function != nullptr);
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(function) - map->l_addr + 4;
    CHECK(look_up({"[vdso]", "", -1}, address) == Lines{std::string(name) + " :0"});
    CHECK(look_up({"linux-vdso.so.1", "", -1}, address) == Lines{std::string(name) + " :0"});
    CHECK(look_up({"[vdso]", "0123456789", -1}, address) == Lines{kNothing});
  }
  dlclose(vdso);
}

TEST_CASE("a path that names no file, a directory, a FIFO or text gives no names and does not hang") {
  test::ScratchDirectory directory;
  shell("cd " + directory.string() + " && mkfifo fifo && mkdir folder && echo text >text && : >empty");
  for (const char* name : {"fifo", "folder", "text", "empty", "missing"}) {
    INFO(name);
    CHECK(look_up({directory / name, "", -1}, 0x1000) == Lines{kNothing});
    CHECK(notes_for({directory / name, "", -1}, 0x1000).size() == 1);
  }
  CHECK(look_up({"", "", -1}, 0x1000) == Lines{kNothing});
}

TEST_CASE("debuginfod is asked only with --debuginfod") {
  if (!gcc_is_here()) return;
  void* client = dlopen("libdebuginfod.so.1", RTLD_NOW);
  if (client == nullptr) {
    WARN("SKIPPED: libdebuginfod1 is not installed, so asking servers is not tested");
    return;
  }
  const Copy copy("plain-gcc");
  // A server's files as a tree: the client takes any URL that curl takes.
  const std::string folder = copy.directory / "server/buildid/" + copy.program.build_id;
  shell("mkdir -p " + folder);
  copy.strip_to(folder + "/debuginfo");
  setenv("DEBUGINFOD_URLS", ("file://" + (copy.directory / "server")).c_str(), 1);
  setenv("DEBUGINFOD_CACHE_PATH", (copy.directory / "cache").c_str(), 1);
  CHECK(look_up(copy.image(), copy.program.mark("inlined")) == Lines{kNothing});
  CHECK(access((copy.directory / "cache").c_str(), F_OK) != 0);
  auto options = test::no_debug_directories();
  options.debuginfod = true;
  CHECK(look_up(copy.image(), copy.program.mark("inlined"), options) == plain_chain());

  unsetenv("DEBUGINFOD_URLS");
  collect::Symbolizer symbolizer({copy.image()}, options);
  const std::vector<collect::CodeLocation> locations = {{0, copy.program.mark("inlined")}};
  symbolizer.resolve(locations);
  REQUIRE(symbolizer.notes().size() == 1);
  CHECK(symbolizer.notes()[0].find("DEBUGINFOD_URLS") != std::string::npos);
  unsetenv("DEBUGINFOD_CACHE_PATH");
  dlclose(client);
}
