#pragma once
// Where `memprof check` writes its verdict, and in which format: --format FORMAT[=FILE].

#include <ostream>
#include <string>
#include <vector>

#include "profile/result.hpp"
#include "report/format.hpp"
#include "report/gate.hpp"

namespace memprof::cli {

struct VerdictOutput {
  report::Format format = report::Format::kText;
  std::string file;  ///< empty: standard output
};

/// Of all values of --format. People get their text when nothing else goes to standard output. Errors: no such format,
/// a file named twice, two formats on standard output, or one for machines where suppressions are printed, too.
[[nodiscard]] Result<std::vector<VerdictOutput>> parse_verdict_outputs(const std::vector<std::string>& values,
                                                                       bool prints_suppressions);

/// Before anything is judged: removes what an earlier run left in the files, so that nobody takes it for the verdict of
/// this one when this one fails.
[[nodiscard]] Result<void> remove_old_verdicts(const std::vector<VerdictOutput>& outputs);

[[nodiscard]] Result<void> write_verdicts(const std::vector<VerdictOutput>& outputs, const report::Verdict& verdict,
                                          std::ostream& standard_output);

}  // namespace memprof::cli
