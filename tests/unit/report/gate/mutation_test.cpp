// Files that people write by hand, or that merges damage: whatever is in them, reading ends with a value or an error.

#include <random>

#include "report/baseline.hpp"
#include "report/fingerprint.hpp"
#include "report/gate_config.hpp"
#include "report/suppression.hpp"
#include "tests/catch.hpp"

namespace memprof::report {
namespace {

constexpr int kMutations = 20000;

/// One to five places changed, cut or doubled.
std::string mutated(std::string text, std::minstd_rand& random) {
  for (auto i = 1 + random() % 5; i > 0 && !text.empty(); --i) {
    const std::size_t at = random() % text.size(), length = random() % 20;
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), length));
        break;
      default:
        text[at] = "{}[]<>=:#\"\n*"[random() % 12];
    }
  }
  return text;
}

template <typename Read>
void read_mutations(const std::string& text, Read read) {
  std::minstd_rand random(1);
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    const auto result = read(mutated(text, random));
    if (result) continue;
    ++refused;
    REQUIRE(result.error().code == ExitCode::kUsage);
    REQUIRE_FALSE(result.error().what.empty());
  }
  CHECK(refused > 0);
  CHECK(refused < kMutations);
}

TEST_CASE("damaged baselines are read or refused") {
  const Baseline baseline{1234, {{{"fill", "parse", "main"}, 3, 48}, {{"(static initialization)"}, 1, 4}}};
  read_mutations(format_baseline(baseline), [](const std::string& text) { return parse_baseline(text, "b"); });
}

TEST_CASE("damaged suppressions are read or refused") {
  read_mutations(
      "leak:^foo*bar$\n# comment\n{\n  name\n  Memcheck:Leak\n  match-leak-kinds: definite\n  fun:_ZN3Foo3barE*\n"
      "  ...\n  obj:/lib/*\n  src:a.c:12\n}\nrace:x\n",
      [](const std::string& text) {
        SuppressionSet set;
        return set.add_text(text, "s");
      });
}

TEST_CASE("damaged configurations are read or refused") {
  read_mutations(
      "[check]\nmax-peak = \"64MiB\"\nmax-growth = \"2%\"\nsuppressions = [\"a\", \"b\"]\nrepeat = 3\n\n"
      "[[budget]]\nmatch = \"Parser::*\"\npeak = 5\noptional = true\n",
      [](const std::string& text) { return parse_gate_config(text, "memprof.toml"); });
}

TEST_CASE("damaged function names are folded to something") {
  std::minstd_rand random(1);
  for (const char* name : {"void ns::Box<int, (E)3>::operator()<char>(std::vector<int> "
                           "const&)::{lambda(auto:1)#2}::operator()() const [clone .cold]",
                           "A::operator std::__cxx11::basic_string<char>() const",
                           "<boxes::Tree<T> as core::ops::Drop>::drop::h0123456789abcdef",
                           "main()::<lambda(int)>::operator()(int)", "x::operator<< <int>(x::y&, int)"}) {
    for (int i = 0; i < kMutations / 4; ++i) {
      const std::string text = mutated(name, random);
      if (!text.empty()) REQUIRE_FALSE(fold_function_name(text).empty());
    }
  }
}

}  // namespace
}  // namespace memprof::report
