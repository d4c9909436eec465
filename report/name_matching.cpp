#include "report/name_matching.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

namespace memprof::report {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kCloneSuffixes = {".isra."sv,     ".constprop."sv, ".part."sv,     ".cold"sv,
                                       ".lto_priv."sv, ".llvm."sv,      ".localalias"sv};
constexpr std::size_t kRustHashLength = 19;  // "::h" and 16 hexadecimal digits

bool ends_with_rust_hash(std::string_view name) {
  if (name.size() <= kRustHashLength) return false;
  const std::string_view hash = name.substr(name.size() - kRustHashLength);
  return hash.starts_with("::h") && std::all_of(hash.begin() + 3, hash.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

std::string base(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Characters of the longest common end that begins at a path part.
std::size_t common_end(const std::string& a, const std::string& b) {
  std::size_t length = 0;  // of whole parts
  for (std::size_t i = 1;; ++i) {
    const bool a_begins = i > a.size() || a[a.size() - i] == '/';
    const bool b_begins = i > b.size() || b[b.size() - i] == '/';
    if (a_begins && b_begins) length = i - 1;
    if (i > a.size() || i > b.size() || a[a.size() - i] != b[b.size() - i]) return length;
  }
}

}  // namespace

std::string normalised_function(std::string_view name) {
  const std::size_t clone = name.find(" [clone ");
  if (clone != std::string_view::npos) name = name.substr(0, clone);
  for (const std::string_view suffix : kCloneSuffixes) {
    const std::size_t at = name.find(suffix);
    if (at != std::string_view::npos && at > 0) name = name.substr(0, at);
  }
  if (ends_with_rust_hash(name)) name.remove_suffix(kRustHashLength);
  return std::string(name);
}

std::string normalised_module(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t shared = name.find(".so");
  return std::string(shared == std::string_view::npos ? name : name.substr(0, shared + 3));
}

std::string normalised_path(std::string_view path) {
  return path.empty() ? std::string{} : std::filesystem::path(path).lexically_normal().string();
}

std::map<std::string, std::string> match_paths(const std::vector<std::string>& old_paths,
                                               const std::vector<std::string>& new_paths) {
  const std::set<std::string> olds(old_paths.begin(), old_paths.end()), news(new_paths.begin(), new_paths.end());
  std::map<std::string, std::string> matches;
  std::multimap<std::string, std::string> free_by_base;  // of the new ones
  for (const std::string& path : news) {
    if (olds.contains(path)) {
      matches[path] = path;
    } else {
      free_by_base.emplace(base(path), path);
    }
  }
  struct Pair {
    std::size_t length;
    std::string old_path, new_path;
  };
  std::vector<Pair> pairs;
  for (const std::string& path : olds) {
    if (matches.contains(path)) continue;
    const auto [first, last] = free_by_base.equal_range(base(path));
    for (auto candidate = first; candidate != last; ++candidate) {
      pairs.push_back({common_end(path, candidate->second), path, candidate->second});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.length > b.length; });
  std::set<std::string> taken;
  for (const Pair& pair : pairs) {
    if (matches.contains(pair.old_path) || taken.contains(pair.new_path)) continue;
    matches[pair.old_path] = pair.new_path;
    taken.insert(pair.new_path);
  }
  return matches;
}

}  // namespace memprof::report
