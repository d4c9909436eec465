#pragma once
// Numbers as people read them, under the names that commands use.

#include "report/units.hpp"

namespace memprof::cli {

using report::format_average;
using report::format_count;
using report::format_duration;
using report::format_mib;
using report::format_size;
using report::format_size_change;
using report::parse_duration;
using report::parse_size;

}  // namespace memprof::cli
