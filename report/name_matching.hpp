#pragma once
// What makes two names of two profiles the same: builds in other folders, other compilers' clones, other versions of
// a library still compare.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace memprof::report {

/// Without what only says how a compiler cut the function up (".isra.0", "[clone .cold]") and Rust's hash
/// ("::h0123456789abcdef").
std::string normalised_function(std::string_view name);

/// Base name; of a shared library without what follows ".so".
std::string normalised_module(std::string_view path);

/// Without "." and ".." parts and doubled slashes.
std::string normalised_path(std::string_view path);

/// For each of `old_paths` the one of `new_paths` that is the same file: the equal one, else the one with which it
/// shares the longest end of whole path parts, the base name at least. Paths with an equal are nobody else's, and
/// none is taken twice. Old paths without a partner are left out.
std::map<std::string, std::string> match_paths(const std::vector<std::string>& old_paths,
                                               const std::vector<std::string>& new_paths);

}  // namespace memprof::report
