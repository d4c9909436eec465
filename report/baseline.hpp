#pragma once
// The unfreed memory that a project knows about and has decided to live with for now, as a file for its repository.
//
//   memprof-baseline 1
//   # what `memprof check --write-baseline` found; ...
//
//   peak 123456 bytes
//
//   5d0b3f2a9c1e8f47 3 blocks 48 bytes: fill <- parse <- main
//
//   9ab3...
//
// One line is one site: its fingerprint, its figures, and the functions that the fingerprint is made of (their folded
// names, innermost first). Sorted by fingerprint, which spreads new sites over the file, with a blank line after each
// site: so git can merge what two branches have added. Any order is read. Alternatives that were turned down: JSON (a
// merge breaks its commas), a stack of several lines (git's union merge takes such records apart).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/result.hpp"
#include "report/fingerprint.hpp"

namespace memprof::report {

inline constexpr int kBaselineVersion = 1;

struct BaselineSite {
  FunctionPath path;
  std::uint64_t blocks = 0, bytes = 0;  ///< unfreed
  friend bool operator==(const BaselineSite&, const BaselineSite&) = default;
};

struct Baseline {
  std::uint64_t peak_bytes = 0;
  std::vector<BaselineSite> sites;
};

std::string format_baseline(const Baseline& baseline);

/// Errors name file and line: another version, a line that is none of ours, a fingerprint that is not that of its
/// functions, a site listed twice with different figures, the marks of an unfinished merge.
[[nodiscard]] Result<Baseline> parse_baseline(std::string_view text, const std::string& name);
[[nodiscard]] Result<Baseline> read_baseline(const std::string& path);
/// Through a temporary file and a rename.
[[nodiscard]] Result<void> write_baseline(const Baseline& baseline, const std::string& path);

}  // namespace memprof::report
