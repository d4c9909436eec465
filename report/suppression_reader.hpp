#pragma once
// The text form of suppressions; see suppression.hpp.

#include <string>
#include <string_view>
#include <vector>

#include "profile/result.hpp"
#include "report/suppression.hpp"

namespace memprof::report {

/// `name` is the file's, for errors and origins.
[[nodiscard]] Result<std::vector<Suppression>> read_suppressions(std::string_view text, const std::string& name);

/// A mangled pattern as it would be demangled: "_ZN9QListView4showEv" is "QListView::show()", "_ZN9QListView*" is
/// "QListView*". Empty: not mangled, or wildcards where nothing can be said.
std::string demangled_pattern(const std::string& pattern);

}  // namespace memprof::report
