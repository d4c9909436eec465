#pragma once
// A verdict for people.

#include <string>

#include "report/gate.hpp"

namespace memprof::cli {

/// The first line says pass or fail, and why.
std::string verdict_text(const report::Verdict& verdict);

}  // namespace memprof::cli
