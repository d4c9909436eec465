// What clang++ -fsyntax-only is given: the large headers of the standard library, and some use of them.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

std::map<std::string, std::vector<int>> words_of(const std::string& text) {
  std::map<std::string, std::vector<int>> places;
  const std::regex word("[a-z]+", std::regex::icase);
  int place = 0;
  for (std::sregex_iterator found(text.begin(), text.end(), word), end; found != end; ++found) {
    places[found->str()].push_back(place++);
  }
  return places;
}

std::variant<int, double, std::string> either(std::mt19937& random) {
  std::uniform_int_distribution<int> three(0, 2);
  switch (three(random)) {
    case 0:
      return 1;
    case 1:
      return 2.0;
    default:
      return std::string("three");
  }
}

std::future<double> sum_of(std::vector<double> values) {
  return std::async([values = std::move(values)] { return std::accumulate(values.begin(), values.end(), 0.0); });
}

int main() {
  std::mt19937 random(1);
  std::unordered_map<std::string, std::function<void(std::ostream&)>> printers;
  printers["now"] = [](std::ostream& out) { out << std::chrono::system_clock::now().time_since_epoch().count(); };
  printers["here"] = [](std::ostream& out) { out << std::filesystem::current_path(); };
  std::ostringstream text;
  for (auto& [name, print] : printers) print(text << std::setw(10) << name << ' ');
  std::visit([&](const auto& value) { text << value; }, either(random));
  std::cout << words_of(text.str()).size() << ' ' << sum_of({1, 2, 3}).get() << '\n';
}
