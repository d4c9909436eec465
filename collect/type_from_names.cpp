#include "collect/type_from_names.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "collect/qualified_name.hpp"
#include "collect/type_spelling.hpp"

namespace memprof::collect {
namespace {

using Parts = std::vector<NamePart>;

template <std::size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 3> kLibraryScopes = {"std", "__gnu_cxx", "__cxxabiv1"};
/// Of Rust, whose symbols have no parameters; in C++ such names are anybody's.
constexpr std::array<std::string_view, 3> kRustScopes = {"alloc", "core", "hashbrown"};

/// Namespaces in std that hold classes of their own.
constexpr std::array<std::string_view, 10> kNamespaces = {
    "__cxx11", "__1", "_V2", "__debug", "pmr", "experimental", "chrono", "filesystem", "ranges", "__cxx1998"};

/// Classes that are on nearly every stack and hold nothing themselves.
constexpr std::array<std::string_view, 9> kPlumbing = {"allocator",
                                                       "allocator_traits",
                                                       "pointer_traits",
                                                       "polymorphic_allocator",
                                                       "initializer_list",
                                                       "pair",
                                                       "scoped_allocator_adaptor",
                                                       "tuple",
                                                       "char_traits"};

constexpr std::array<std::string_view, 3> kMakeObject = {"make_unique", "make_unique_for_overwrite", "unique_ptr"};

bool is_allocator(std::string_view name) {
  return name.ends_with("llocator") || name.ends_with("llocator_base") || name.ends_with("Alloc");
}

bool allocates(std::string_view function) {
  return function == "allocate" || function == "allocate_at_least" || function == "_M_allocate" ||
         function == "allocate_object";
}

struct Element {
  std::string type;  ///< spelled
  std::uint64_t bytes = 0;
};

Element make_element(std::string_view type, std::uint64_t bytes) {
  Element element{spelled_type(type), bytes};
  if (element.bytes == 0) element.bytes = built_in_size(element.type);
  return element;
}

/// T of allocator<T>::allocate() and of make_unique<T>().
std::optional<Element> element_of(const Parts& parts, const NamedFrame& frame) {
  const NamePart& function = parts.back();
  if (parts.size() >= 2 && allocates(function.name)) {
    const NamePart& of = parts[parts.size() - 2];
    if (!is_allocator(of.name) || of.arguments.empty()) return std::nullopt;
    return make_element(split_arguments(of.arguments).front(), frame.argument_bytes);
  }
  if (parts.front().name == "std" && is_one_of(kMakeObject, function.name) && !function.arguments.empty()) {
    std::string_view type = split_arguments(function.arguments).front();
    // make_unique<T[]>
    if (type.ends_with("[]")) return make_element(type.substr(0, type.size() - 2), 0);
    return make_element(type, frame.argument_bytes);
  }
  return std::nullopt;
}

struct Container {
  std::string type;      ///< spelled
  std::string argument;  ///< its first template argument, spelled
};

std::string spelled_argument(const NamePart& part, std::size_t index) {
  const auto arguments = split_arguments(part.arguments);
  return index < arguments.size() ? spelled_type(arguments[index]) : std::string{};
}

/// Classes of the C++ library that are no templates; other names in std without arguments may be namespaces.
constexpr std::array<std::string_view, 8> kPlainClasses = {"thread",        "jthread", "path",     "locale",
                                                           "random_device", "any",     "ios_base", "exception_ptr"};

/// The public class of the standard library that the function is a member of.
std::optional<Container> container_of(const Parts& parts) {
  if (parts.front().name != "std") return std::nullopt;
  std::string path = "std";
  for (std::size_t at = 1; at + 1 < parts.size(); ++at) {
    const NamePart& part = parts[at];
    path += "::" + std::string(part.whole);
    if (part.arguments.empty() && is_one_of(kNamespaces, part.name)) continue;
    if (part.name.starts_with('_') || part.name.starts_with('{') || is_one_of(kPlumbing, part.name) ||
        is_allocator(part.name) || (part.arguments.empty() && !is_one_of(kPlainClasses, part.name))) {
      return std::nullopt;
    }
    return Container{spelled_type(path), spelled_argument(part, 0)};
  }
  return std::nullopt;
}

/// What a class of the implementation is called outside, for stacks that begin inside it.
std::optional<Container> container_behind(const Parts& parts) {
  if (parts.size() < 3 || parts.front().name != "std") return std::nullopt;
  const NamePart& part = parts[parts.size() - 2];
  const std::string first = spelled_argument(part, 0);
  if (first.empty()) return std::nullopt;
  const auto named = [&](const std::string& name) { return Container{"std::" + name + "<" + first + ">", first}; };
  if (part.name == "_Vector_base") return named("vector");
  if (part.name == "_Deque_base") return named("deque");
  if (part.name == "_List_base") return named("list");
  if (part.name == "_Fwd_list_base") return named("forward_list");
  if (part.name != "_Rb_tree" && part.name != "_Hashtable") return std::nullopt;
  const bool ordered = part.name == "_Rb_tree";
  const std::string value = spelled_argument(part, 1);
  if (value == first) return named(ordered ? "set" : "unordered_set");
  // std::pair<const K, V>
  const std::size_t open = value.find('<');
  if (!value.starts_with("std::pair<")) return std::nullopt;
  const auto both = split_arguments(std::string_view(value).substr(open + 1, value.size() - open - 2));
  if (both.size() != 2) return std::nullopt;
  return Container{
      std::string(ordered ? "std::map<" : "std::unordered_map<") + first + ", " + std::string(both[1]) + ">", first};
}

/// Which part of its container a block of that type is.
std::string part_of(const std::string& raw, const Container& container) {
  if (raw.find("_Sp_counted") != std::string::npos || container.type.starts_with("std::shared_ptr<")) {
    return "control block";
  }
  const bool is_base = raw.ends_with('*');
  if (!is_base && (raw.find("_node<") != std::string::npos || raw.find("_Node<") != std::string::npos)) return "node";
  if (is_base && raw.find("_node") != std::string::npos) return "buckets";
  if (container.type.starts_with("std::deque<") && raw == container.argument + "*") return "map";
  if (container.argument.empty() && container.type != "std::string") return "part";
  return "buffer";
}

/// The object that std::make_shared() puts behind its control block; empty: another type.
std::string object_in_control_block(const std::string& raw) {
  constexpr std::array<std::string_view, 2> kBlocks = {"std::_Sp_counted_ptr_inplace<", "std::__shared_ptr_emplace<"};
  for (const auto block : kBlocks) {
    if (!raw.starts_with(block)) continue;
    const auto arguments = split_arguments(std::string_view(raw).substr(block.size(), raw.size() - block.size() - 1));
    if (!arguments.empty()) return std::string(arguments.front());
  }
  return {};
}

FoundType join(const std::optional<Element>& element, const std::optional<Container>& container) {
  FoundType found;
  if (element) {
    found.raw_name = element->type;
    found.raw_bytes = element->bytes;
    found.name = element->type;
    if (const std::string object = object_in_control_block(element->type); !object.empty()) {
      found.name = object;
      found.part = "object and control block";
      return found;
    }
  }
  if (!container) return found;
  found.name = container->type;
  found.part = part_of(found.raw_name, *container);
  if (element) return found;
  found.evidence = TypeEvidence::kLibraryClass;
  found.raw_name = container->type;
  return found;
}

/// Box<T>::new, Vec<T, A>::push: symbols don't say what T is, the debug information does.
FoundType rust_type(const Parts& parts, const NamedFrame& frame) {
  constexpr std::array<std::string_view, 4> kSequences = {"Vec", "VecDeque", "BinaryHeap", "LinkedList"};
  if (parts.front().name != "alloc" || parts.size() < 2) return {};
  const std::string_view of = parts[parts.size() - 2].name;
  const std::string_view function = parts.back().name;
  if (of == "String") return {"String", "u8", "buffer", 1};
  if (frame.argument.empty()) return {};
  const std::string argument = spelled_type(frame.argument);
  if (of == "Box") return {argument, argument, {}, frame.argument_bytes};
  if (of == "Rc" || of == "Arc") return {argument, argument, "object and its counts", 0};
  if (is_one_of(kSequences, of) || function == "from_elem") {
    const std::string sequence = function == "from_elem" ? "Vec" : std::string(of);
    return {sequence + "<" + argument + ">", argument, of == "LinkedList" ? "node" : "buffer",
            of == "LinkedList" ? 0 : frame.argument_bytes};
  }
  return {};
}

}  // namespace

bool is_library_function(std::string_view demangled) {
  if (demangled.starts_with("operator new") || demangled.starts_with("__rust_") || demangled.starts_with("__rdl_")) {
    return true;
  }
  if (demangled.starts_with('<')) return demangled.starts_with("<alloc::") || demangled.starts_with("<core::");
  const Parts parts = split_qualified_name(demangled);
  if (parts.size() < 2) return false;
  if (is_one_of(kLibraryScopes, parts.front().name)) return true;
  if (is_one_of(kRustScopes, parts.front().name) && demangled.find('(') == std::string_view::npos) return true;
  return allocates(parts.back().name) && is_allocator(parts[parts.size() - 2].name);
}

FoundType type_from_names(std::span<const NamedFrame> frames) {
  std::optional<Element> element;
  std::optional<Container> container, behind;
  FoundType rust;
  for (const NamedFrame& frame : frames) {
    const Parts parts = split_qualified_name(frame.function);
    if (parts.empty()) break;
    // A String is made of a Vec<u8>.
    if (FoundType found = rust_type(parts, frame); rust.name.empty() || found.name == "String") rust = std::move(found);
    if (!element) element = element_of(parts, frame);
    // A container of something that only the library knows is a part of what the program uses.
    if (!container || is_reserved_type(container->argument)) {
      if (auto outer = container_of(parts)) container = std::move(outer);
    }
    if (!behind) behind = container_behind(parts);
    if (!is_library_function(frame.function)) break;
  }
  if (!rust.name.empty()) return rust;
  return join(element, container ? container : behind);
}

}  // namespace memprof::collect
