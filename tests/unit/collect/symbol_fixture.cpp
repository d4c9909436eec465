#include "tests/unit/collect/symbol_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "collect/symbol_elf.hpp"
#include "tests/catch.hpp"

namespace memprof::test {

namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (fs::temp_directory_path() / "memprof-symbols-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = fs::canonical(pattern);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::uint64_t MarkedProgram::mark(const std::string& name) const {
  INFO("mark " << name << " of " << path);
  const auto found = marks.find(name);
  REQUIRE(found != marks.end());
  return found->second;
}

std::string program_path(const std::string& name) { return std::string(MEMPROF_SYMBOL_PROGRAMS) + "/" + name; }

std::string build_id_of(const std::string& path) {
  const auto file = collect::ElfFile::open(path);
  INFO(path);
  REQUIRE(file);
  return file.build_id();
}

MarkedProgram run_program(const std::string& path, const std::string& arguments) {
  INFO("running " << path);
  MarkedProgram program{path, build_id_of(path), {}};
  FILE* output = popen((path + " " + arguments).c_str(), "r");
  REQUIRE(output != nullptr);
  char name[64];
  unsigned long address = 0;
  while (std::fscanf(output, "%63s 0x%lx", name, &address) == 2) program.marks[name] = address;
  REQUIRE(pclose(output) == 0);
  REQUIRE(!program.marks.empty());
  return program;
}

std::uint32_t line_of(const std::string& source, const std::string& what) {
  INFO("looking for 'here: " << what << "' in " << source);
  std::ifstream file(std::string(MEMPROF_SYMBOL_SOURCES) + "/" + source);
  std::uint32_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with("// here: " + what)) return number;
  }
  REQUIRE(false);
  return 0;
}

void shell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
}

bool has_tool(const std::string& name) { return std::system(("command -v " + name + " >/dev/null").c_str()) == 0; }

std::vector<std::string> described(const collect::FrameChain& chain) {
  std::vector<std::string> result;
  for (const auto& frame : chain) {
    std::ostringstream text;
    text << frame.function << " " << frame.file.substr(frame.file.rfind('/') + 1) << ":" << frame.line;
    if (frame.inlined) text << " inlined";
    if (frame.nearest) text << " nearest";
    result.push_back(text.str());
  }
  return result;
}

collect::SymbolizerOptions no_debug_directories() {
  collect::SymbolizerOptions options;
  options.debug_directories.clear();
  return options;
}

std::vector<std::string> look_up(const collect::ModuleImage& image, std::uint64_t address,
                                 collect::SymbolizerOptions options) {
  collect::Symbolizer symbolizer({image}, std::move(options));
  const std::vector<collect::CodeLocation> locations = {{0, address}};
  const auto chains = symbolizer.resolve(locations);
  REQUIRE(chains.size() == 1);
  return described(chains[0]);
}

}  // namespace memprof::test
