#pragma once
// Runs the programs of symbol_programs/ and asks the Symbolizer for the addresses that they print.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "collect/symbolizer.hpp"

namespace memprof::test {

/// A directory that is gone with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// One of the programs, and the return addresses of its marks.
struct MarkedProgram {
  std::string path;
  std::string build_id;
  std::map<std::string, std::uint64_t> marks;

  std::uint64_t mark(const std::string& name) const;
};

/// Path of a program of symbol_programs/.
std::string program_path(const std::string& name);
/// Runs a program, which must end well.
MarkedProgram run_program(const std::string& path, const std::string& arguments = {});
std::string build_id_of(const std::string& path);

/// The line of a source of symbol_programs/ that has the comment `here: what`.
std::uint32_t line_of(const std::string& source, const std::string& what);

/// Runs a shell command, which must succeed.
void shell(const std::string& command);
bool has_tool(const std::string& name);

/// "function file:line" of each frame, innermost first, the file without directories: what the tests compare.
/// Frames that were inlined end with " inlined", nearest symbols with " nearest".
std::vector<std::string> described(const collect::FrameChain& chain);

collect::SymbolizerOptions no_debug_directories();

/// Looks up one address in one image.
std::vector<std::string> look_up(const collect::ModuleImage& image, std::uint64_t address,
                                 collect::SymbolizerOptions options = no_debug_directories());

}  // namespace memprof::test
