#pragma once
// From module and ELF virtual address to functions and source lines. The only part that knows libdw.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::collect {

/// A file that was mapped in the target.
struct ModuleImage {
  std::string path;      ///< as the target's loader knew it; "[vdso]" for the kernel's
  std::string build_id;  ///< lower-case hex as found in the target's memory; empty: none
  int descriptor = -1;   ///< opened while the target lived (survives deletion), -1: open `path`; not owned
};

struct CodeLocation {
  std::uint32_t module;      ///< index into the images
  std::uint64_t address;     ///< ELF virtual address of the return address; the call is looked up at address - 1
  bool wants_types = false;  ///< the call may return a block: look for hints at its type
  /// The same code.
  friend bool operator==(const CodeLocation& a, const CodeLocation& b) {
    return a.module == b.module && a.address == b.address;
  }
};

/// What the code around a call says about the type of the block that the call returns.
struct TypeHint {
  std::string_view name;  ///< spelled_type()
  std::uint64_t bytes = 0;
  TypeEvidence evidence = TypeEvidence::kVariable;
  friend bool operator==(const TypeHint&, const TypeHint&) = default;
};

/// One function at one line. The texts belong to the Symbolizer (names of templates are long and repeat themselves):
/// they live as long as it does.
struct SourceFrame {
  std::string_view function;  ///< demangled, empty: unknown
  std::string_view file;      ///< absolute and without `.` and `..` where DWARF has it, empty: unknown
  std::uint32_t line = 0;     ///< 0: unknown
  /// Line of the definition (DW_AT_decl_line of the function that was inlined or called; its own before that of
  /// DW_AT_specification or DW_AT_abstract_origin). 0: unknown, or DW_AT_decl_file is not `file`.
  std::uint32_t function_line = 0;
  bool inlined = false;              ///< was inlined into the next frame of the chain
  bool nearest = false;              ///< function is only the nearest dynamic symbol below
  std::string_view argument = {};    ///< T of a generic Rust function
  std::uint64_t argument_bytes = 0;  ///< sizeof(T) of it, or of an allocator<T>::allocate(); 0: none, or unknown
  bool returns_any_pointer = false;  ///< void*; known only where types are asked for
  std::vector<TypeHint> hints = {};  ///< empty where types are not asked for
};

/// Frames of one address, innermost first; the last one is the function that was really called. Never empty.
using FrameChain = std::vector<SourceFrame>;

/// Where separate debug files live unless one is told otherwise.
[[nodiscard]] std::vector<std::string> usual_debug_directories();

struct SymbolizerOptions {
  bool debuginfod = false;  ///< ask debuginfod servers for what is missing here
  unsigned threads = 0;     ///< 0: all cores; results do not depend on it
  std::vector<std::string> debug_directories = usual_debug_directories();
};

/// Called from resolve(), from any thread but never two at once: fraction 0 to 1 and what is being done.
using SymbolizeProgress = std::function<void(double fraction, const std::string& what)>;

class Symbolizer {
 public:
  Symbolizer(std::vector<ModuleImage> images, SymbolizerOptions options);
  ~Symbolizer();
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  /// One chain for each location, in order. Never fails: what is unknown comes back without names.
  std::vector<FrameChain> resolve(std::span<const CodeLocation> locations, const SymbolizeProgress& progress = {});

  /// Whether anything (DWARF or a symbol table) was found for the image; valid after resolve().
  bool symbols_found(std::uint32_t module) const;

  /// What the user should know about names that are missing, a sentence each: "/x/libfoo.so has changed since …".
  std::vector<std::string> notes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace memprof::collect
