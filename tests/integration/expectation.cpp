#include "tests/integration/expectation.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {

namespace {

std::optional<std::uint64_t> total(const Totals& totals, const std::string& name) {
  static const std::map<std::string, std::uint64_t Totals::*> kTotals{
      {"allocations", &Totals::allocations},
      {"frees", &Totals::frees},
      {"allocated_bytes", &Totals::allocated_bytes},
      {"freed_bytes", &Totals::freed_bytes},
      {"live_blocks", &Totals::live_blocks},
      {"live_bytes", &Totals::live_bytes},
      {"peak_bytes", &Totals::peak_bytes},
      {"peak_blocks", &Totals::peak_blocks},
      {"temporary_allocations", &Totals::temporary_allocations},
      {"failed_allocations", &Totals::failed_allocations}};
  auto found = kTotals.find(name);
  if (found == kTotals.end()) return std::nullopt;
  return totals.*found->second;
}

Totals totals_of(const Profile& profile, Scope scope) {
  switch (scope) {
    case Scope::kOwn:
      return own_totals(profile);
    case Scope::kUnder:
      return totals_under_program(profile);
    case Scope::kProcess:
      break;
  }
  return profile.totals;
}

/// Printed for a test to read, not to be found in a profile.
bool is_for_the_test_itself(const std::string& name) {
  static const std::set<std::string> kNames{"signals", "image", "children", "threads", "plug-in loads"};
  return kNames.count(name) != 0;
}

}  // namespace

std::uint64_t Expectation::at(const std::string& name) const {
  for (const Figure& figure : figures) {
    if (figure.name == name) return figure.value;
  }
  throw std::out_of_range("the program did not print " + name);
}

std::vector<Expectation> expectations(const std::string& output) {
  std::vector<Expectation> all;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    Expectation one;
    const auto figures = nlohmann::ordered_json::parse(line);
    for (const auto& [name, value] : figures.items()) {
      if (name == "pid") {
        one.pid = value.get<std::int32_t>();
      } else {
        one.figures.push_back({name, value.get<std::uint64_t>()});
      }
    }
    all.push_back(std::move(one));
  }
  return all;
}

void check_figures(const Profile& profile, const Expectation& expected, Scope scope) {
  INFO(profile.process.program << ", process " << profile.process.pid);
  const Totals totals = totals_of(profile, scope);
  CHECK(profile.process.pid == expected.pid);
  CHECK(!expected.figures.empty());
  for (const Figure& figure : expected.figures) {
    INFO(figure.name);
    if (std::size_t of = figure.name.find(" of "); of != std::string::npos) {
      CHECK(figure_of_function(profile, figure.name.substr(0, of), figure.name.substr(of + 4)) == figure.value);
    } else if (figure.name == "peak_bytes" && scope != Scope::kProcess) {
      CHECK(profile.totals.peak_bytes >= figure.value);
    } else if (figure.name == "inherited_frees") {
      CHECK(profile.capture.inherited_frees == figure.value);
    } else if (std::optional<std::uint64_t> found = total(totals, figure.name)) {
      CHECK(*found == figure.value);
    } else {
      CHECK(is_for_the_test_itself(figure.name));
    }
  }
}

}  // namespace memprof::test
