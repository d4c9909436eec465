#pragma once
// Input for real programs, the same in every run.

#include <string>

namespace memprof::test {

/// An array of objects with strings, numbers and arrays.
std::string json_of_ten_megabytes();

/// SQL that fills a table of 200,000 rows with an index, changes some of it and prints sums.
std::string sql_of_200000_rows();

}  // namespace memprof::test
