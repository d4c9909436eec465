#pragma once
// What a program of tests/programs says about itself (tests/programs/counted.h), against its profile.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::test {

struct Figure {
  std::string name;
  std::uint64_t value;
};

/// One line of a program's output.
struct Expectation {
  std::int32_t pid = 0;
  std::vector<Figure> figures;

  std::uint64_t at(const std::string& name) const;
};

/// One for each line, in order.
std::vector<Expectation> expectations(const std::string& output);

enum class Scope {
  kProcess,  ///< all of the process: programs in which nothing else allocates
  kOwn,      ///< what the program's own code asked for, see own_totals()
  kUnder,    ///< what the program's own code caused, see totals_under_program()
};

/// Every figure that the program printed must be what the profile says, to the digit.
void check_figures(const Profile& profile, const Expectation& expected, Scope scope);

}  // namespace memprof::test
