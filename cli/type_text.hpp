#pragma once
// How reports say why blocks are thought to be of a type.

#include <string>

#include "cli/json_report.hpp"
#include "report/grouping.hpp"

namespace memprof::cli {

/// An indented line for each kind of block in a row by type: what it is, its size, the evidence.
std::string type_details(const Profile& profile, const report::GroupRow& row, report::Metric metric, unsigned width);

/// The same as a list of objects.
Json json_types(const Profile& profile, const report::GroupRow& row, report::Metric metric);

}  // namespace memprof::cli
