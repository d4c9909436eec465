#include "collect/demangle.hpp"

#include <libiberty/demangle.h>

#include <cstring>

namespace memprof::collect {
namespace {

// libiberty keeps its parse tree on the stack: about 70 bytes for each byte of the name, and one call for each nesting.
// Above 1024 bytes it refuses unless it is told not to; names of that length are everyday in template-heavy programs.
constexpr std::size_t kLongestSafeName = 8192;
constexpr std::size_t kLibibertyLimit = 1024;

// Back references let a hostile name of 200 bytes expand to gigabytes.
constexpr std::size_t kLongestResult = 64 * 1024;

struct ResultTooLong {};

void append(const char* text, std::size_t length, void* result) {
  auto& out = *static_cast<std::string*>(result);
  if (out.size() + length > kLongestResult) throw ResultTooLong{};
  out.append(text, length);
}

using Demangler = int (*)(const char*, int, demangle_callbackref, void*);

/// The demangled name, empty if the symbol is not one of this demangler's.
std::string run(Demangler demangler, const char* symbol, int options) {
  std::string out;
  try {
    if (demangler(symbol, options, append, &out) == 0) return {};
  } catch (const ResultTooLong&) {
    return {};
  }
  return out;
}

/// A Rust symbol without what LLVM appends when it promotes or splits functions ("….llvm.1234", "….cold"): libiberty
/// takes neither.
std::string without_llvm_suffix(const char* symbol) {
  const std::string name(symbol);
  const bool v0 = name.starts_with("_R");
  const std::size_t legacy_end = v0 ? std::string::npos : name.rfind("E.");
  if (v0) return name.substr(0, name.find('.'));
  return legacy_end == std::string::npos ? name : name.substr(0, legacy_end + 1);
}

/// "…17h0123456789abcdefE": libiberty checks the rest.
bool ends_like_legacy_rust(const std::string& name) {
  constexpr std::size_t kTail = 20;  // "17h", 16 digits, "E"
  return name.size() > kTail && name.back() == 'E' && name.compare(name.size() - kTail, 3, "17h") == 0;
}

}  // namespace

bool is_mangled(const char* symbol) { return symbol[0] == '_' && (symbol[1] == 'Z' || symbol[1] == 'R'); }

std::string demangle(const char* symbol) {
  const std::size_t length = std::strlen(symbol);
  if (!is_mangled(symbol) || length > kLongestSafeName) return symbol;
  const int unlimited = length > kLibibertyLimit ? DMGL_NO_RECURSE_LIMIT : 0;
  std::string name;
  const std::string rust = without_llvm_suffix(symbol);
  if (symbol[1] == 'R' || ends_like_legacy_rust(rust)) name = run(rust_demangle_callback, rust.c_str(), unlimited);
  if (name.empty() && symbol[1] == 'Z') {
    name = run(cplus_demangle_v3_callback, symbol, DMGL_PARAMS | DMGL_ANSI | unlimited);
  }
  return name.empty() ? symbol : name;
}

}  // namespace memprof::collect
