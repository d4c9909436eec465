#include "report/own_frame.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace memprof::report {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kAllocatorNames = {"malloc"sv,
                                        "calloc"sv,
                                        "realloc"sv,
                                        "reallocarray"sv,
                                        "free"sv,
                                        "cfree"sv,
                                        "memalign"sv,
                                        "aligned_alloc"sv,
                                        "posix_memalign"sv,
                                        "valloc"sv,
                                        "pvalloc"sv,
                                        "operator new"sv,
                                        "operator new[]"sv,
                                        "operator delete"sv,
                                        "operator delete[]"sv,
                                        "strdup"sv,
                                        "strndup"sv,
                                        "xmalloc"sv,
                                        "xcalloc"sv,
                                        "xrealloc"sv,
                                        "xstrdup"sv,
                                        "g_malloc"sv,
                                        "g_malloc0"sv,
                                        "g_malloc_n"sv,
                                        "g_malloc0_n"sv,
                                        "g_realloc"sv,
                                        "g_realloc_n"sv,
                                        "g_try_malloc"sv,
                                        "g_free"sv,
                                        "g_strdup"sv,
                                        "g_strndup"sv,
                                        "g_slice_alloc"sv,
                                        "g_slice_alloc0"sv,
                                        "g_memdup"sv,
                                        "__rust_alloc"sv,
                                        "__rust_realloc"sv,
                                        "__rust_dealloc"sv,
                                        "__rust_alloc_zeroed"sv,
                                        "__rdl_alloc"sv,
                                        "__rdl_realloc"sv,
                                        "__rdl_dealloc"sv,
                                        "__rdl_alloc_zeroed"sv,
                                        "__rg_alloc"sv};

// Rust's libraries share their names with namespaces that C++ programs use, so only their modules count.
constexpr std::array kLibraryScopes = {
    "std::"sv,           "__gnu_cxx::"sv,          "__cxxabiv1::"sv,   "alloc::alloc::"sv,
    "alloc::boxed::"sv,  "alloc::raw_vec::"sv,     "alloc::vec::"sv,   "alloc::string::"sv,
    "alloc::str::"sv,    "alloc::slice::"sv,       "alloc::rc::"sv,    "alloc::sync::"sv,
    "alloc::borrow::"sv, "alloc::collections::"sv, "core::ops::"sv,    "core::ptr::"sv,
    "core::iter::"sv,    "core::option::"sv,       "core::result::"sv, "core::slice::"sv,
    "core::clone::"sv,   "core::default::"sv,      "hashbrown::"sv};

constexpr std::array kLibraryPaths = {"/usr/include/"sv, "/usr/lib/gcc/"sv, "/usr/lib/llvm"sv, "/rustc/"sv,
                                      "/usr/src/rustc"sv};

constexpr std::array kLibraryModules = {"libc.so"sv,     "libc-2"sv,        "libstdc++.so"sv,  "libc++.so"sv,
                                        "libc++abi"sv,   "libgcc_s.so"sv,   "ld-linux"sv,      "ld-musl"sv,
                                        "libm.so"sv,     "libpthread.so"sv, "libmemprof.so"sv, "libjemalloc.so"sv,
                                        "libtcmalloc"sv, "libmimalloc.so"sv};

template <typename Prefixes>
bool starts_with_any(std::string_view text, const Prefixes& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [text](auto prefix) { return text.starts_with(prefix); });
}

bool is_library_path(std::string_view path) {
  return starts_with_any(path, kLibraryPaths) || path.find("/include/c++/") != std::string_view::npos ||
         path.find("/libstdc++-v3/") != std::string_view::npos;
}

FrameKind kind_of_function(std::string_view demangled) {
  const std::string name = bare_function_name(demangled);
  if (std::find(kAllocatorNames.begin(), kAllocatorNames.end(), name) != kAllocatorNames.end()) {
    return FrameKind::kAllocator;
  }
  // Rust writes "<alloc::vec::Vec<T> as core::ops::Drop>::drop".
  const std::string_view scope = name.starts_with('<') ? std::string_view{name}.substr(1) : std::string_view{name};
  return starts_with_any(scope, kLibraryScopes) ? FrameKind::kLibrary : FrameKind::kProgram;
}

/// Frames repeat functions, files and modules: each text is looked at once.
template <typename Value, typename Compute>
Value remembered(std::vector<std::int8_t>& memory, std::size_t index, Compute compute) {
  if (memory[index] < 0) memory[index] = static_cast<std::int8_t>(compute());
  return static_cast<Value>(memory[index]);
}

/// The nearest node outwards that `wanted` accepts, for every node; kNoIndex where there is none.
template <typename Wanted>
std::vector<NodeIndex> nearest_outwards(const Profile& profile, Wanted wanted) {
  std::vector<NodeIndex> found(profile.stacks.size(), kNoIndex);
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    const StackNode& entry = profile.stacks[node];
    if (entry.frame != kNoIndex && wanted(entry.frame)) {
      found[node] = node;
    } else if (entry.parent != kNoIndex) {
      found[node] = found[entry.parent];
    }
  }
  return found;
}

void fill_gaps(std::vector<NodeIndex>& nodes, const std::vector<NodeIndex>& substitutes) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] == kNoIndex) nodes[i] = substitutes[i];
  }
}

std::vector<NodeIndex> every_node(std::size_t count) {
  std::vector<NodeIndex> nodes(count);
  for (NodeIndex i = 0; i < count; ++i) nodes[i] = i;
  return nodes;
}

/// Where a "<" opens template arguments, the position after its ">"; operators are told by the name before them.
std::size_t skip_angles(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '<') ++depth;
    if (text[i] == '>' && (i == 0 || text[i - 1] != '-') && --depth == 0) return i + 1;
  }
  return text.size();
}

constexpr std::string_view kOperator = "operator";

/// The keyword, not "operators" or "my_operator".
bool is_operator_at(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(kOperator)) return false;
  const char before = at == 0 ? ' ' : text[at - 1];
  const std::size_t end = at + kOperator.size();
  const char after = end < text.size() ? text[end] : '_';
  const bool in_word = after == '_' || (after >= '0' && after <= '9') || ((after | 32) >= 'a' && (after | 32) <= 'z');
  return (before == ' ' || before == ':') && !in_word;
}

}  // namespace

std::string bare_function_name(std::string_view demangled) {
  std::string name;
  for (std::size_t i = 0; i < demangled.size();) {
    const char c = demangled[i];
    const bool after_name = !name.empty() && name.back() != ' ';
    if (c == '<' && after_name) {
      i = skip_angles(demangled, i);
    } else if (c == '(' && demangled.substr(i).starts_with("(anonymous namespace)")) {
      name += "(anonymous namespace)";
      i += 21;
    } else if (c == '(') {
      break;
    } else if (c == ' ') {
      name.clear();  // what came before was a return type
      ++i;
    } else if (is_operator_at(demangled, i)) {
      const std::size_t end = std::min(demangled.find('(', i + kOperator.size() + 1), demangled.size());
      return name + std::string(demangled.substr(i, end - i));
    } else if (c == '<') {  // Rust's "<Type as Trait>::function": the type says whose it is
      const std::size_t end = skip_angles(demangled, i);
      const std::string_view inside = demangled.substr(i + 1, end - i - 2);
      return "<" + bare_function_name(inside.substr(0, inside.find(" as "))) + ">" + std::string(demangled.substr(end));
    } else {
      name += c;
      ++i;
    }
  }
  return name;
}

std::vector<FrameKind> classify_frames(const Profile& profile) {
  std::vector<std::int8_t> functions(profile.strings.size(), -1), paths(profile.strings.size(), -1);
  std::vector<std::int8_t> modules(profile.modules.size(), -1);
  std::vector<FrameKind> kinds;
  kinds.reserve(profile.frames.size());
  for (const Frame& frame : profile.frames) {
    FrameKind kind = remembered<FrameKind>(functions, frame.function,
                                           [&] { return kind_of_function(profile.text(frame.function)); });
    const bool library_path =
        remembered<bool>(paths, frame.file, [&] { return is_library_path(profile.text(frame.file)); });
    const bool library_module = frame.module != kNoIndex && remembered<bool>(modules, frame.module, [&] {
                                  std::string_view path = profile.text(profile.modules[frame.module].path);
                                  return starts_with_any(path.substr(path.rfind('/') + 1), kLibraryModules);
                                });
    if (kind == FrameKind::kProgram && (library_path || library_module)) kind = FrameKind::kLibrary;
    kinds.push_back(kind);
  }
  return kinds;
}

OwnFrames find_own_frames(const Profile& profile, bool innermost) {
  const std::vector<NodeIndex> nodes = every_node(profile.stacks.size());
  if (innermost) return {nodes, nodes};
  const std::vector<FrameKind> kinds = classify_frames(profile);
  OwnFrames own;
  own.code = nearest_outwards(profile, [&](FrameIndex f) { return kinds[f] == FrameKind::kProgram; });
  own.source = nearest_outwards(profile, [&](FrameIndex f) {
    return kinds[f] == FrameKind::kProgram && profile.frames[f].file != 0 && profile.frames[f].line != 0;
  });
  fill_gaps(own.code, nearest_outwards(profile, [&](FrameIndex f) { return kinds[f] == FrameKind::kLibrary; }));
  fill_gaps(own.code, nodes);
  fill_gaps(own.source, own.code);
  return own;
}

bool has_program_lines(const Profile& profile) {
  const std::vector<FrameKind> kinds = classify_frames(profile);
  for (std::size_t i = 0; i < profile.frames.size(); ++i) {
    if (kinds[i] == FrameKind::kProgram && profile.frames[i].file != 0 && profile.frames[i].line != 0) return true;
  }
  return false;
}

}  // namespace memprof::report
