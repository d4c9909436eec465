#include "report/suppression.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "report/suppression_reader.hpp"
#include "tests/catch.hpp"

namespace memprof::report {
namespace {

using Catch::Contains;
using Stack = std::vector<SuppressibleFrame>;

const Stack kStack = {{"malloc", "malloc", "", "", 0},
                      {"ns::fill(int)", "ns::fill", "/src/app/fill.cpp", "/opt/app/bin/app", 12},
                      {"g_list_append", "g_list_append", "", "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0", 0},
                      {"main", "main", "/src/app/main.cpp", "/opt/app/bin/app", 3},
                      {"__libc_start_main", "__libc_start_main", "", "/usr/lib/x86_64-linux-gnu/libc.so.6", 0}};

bool suppressed(const std::string& text, const Stack& stack = kStack) {
  SuppressionSet set;
  const auto added = set.add_text(text, "test.supp");
  INFO(text);
  if (!added) INFO(added.error().what);
  REQUIRE(added.has_value());
  return set.match(stack).has_value();
}

bool block_matches(const std::string& frames, const Stack& stack = kStack) {
  return suppressed("{\n name\n Memcheck:Leak\n" + frames + "\n}\n", stack);
}

std::string complaint(const std::string& text) {
  SuppressionSet set;
  const auto added = set.add_text(text, "test.supp");
  REQUIRE_FALSE(added.has_value());
  CHECK(added.error().code == ExitCode::kUsage);
  CHECK_FALSE(added.error().hint.empty());
  return added.error().what;
}

TEST_CASE("LeakSanitizer's patterns match a part of a function, file or module anywhere on the stack") {
  for (const char* pattern : {"leak:fill", "leak:ns::fill", "leak:^ns::fill", "leak:fill(int)$", "leak:ns::fill$",
                              "leak:^main$", "leak:n*ill", "leak:app/fill.cpp", "leak:libglib",
                              "leak:libglib-2.0.so.0$", "  leak:main  ", "# comment\n\nleak:main", "leak:malloc"}) {
    CHECK(suppressed(pattern));
  }
  for (const char* pattern :
       {"leak:^fill", "leak:ns::fil$", "leak:other", "leak:mai?", "leak:[m]ain", "race:main", ""}) {
    CHECK_FALSE(suppressed(pattern));
  }
}

TEST_CASE("Memcheck's blocks match frame by frame from the allocator on") {
  CHECK(block_matches("fun:malloc\nfun:ns::fill"));
  CHECK(block_matches("fun:malloc\n...\nfun:main"));
  CHECK(block_matches("...\nfun:main"));
  CHECK(block_matches("fun:*alloc\nobj:/opt/app/bin/*\nobj:*/libglib*\nfun:main"));
  CHECK(block_matches("fun:m?lloc\nsrc:fill.cpp:12"));
  CHECK(block_matches("fun:malloc\nsrc:fill.cpp"));
  CHECK(block_matches("fun:malloc\n...\nsrc:app/main.cpp:3"));
  CHECK(block_matches("fun:malloc\n...\nobj:/lib/x86_64-linux-gnu/libc.so.6"));
  CHECK(block_matches("fun:malloc\n...\nfun:g_list_*\n...\nfun:(below main)"));
  CHECK(block_matches("match-leak-kinds: reachable\nfun:malloc\nfun:ns::fill"));
  CHECK(block_matches("match-leak-kinds: definite,possible\nfun:malloc\nfun:ns::fill"));
  CHECK_FALSE(block_matches("match-leak-kinds: none\nfun:malloc\nfun:ns::fill"));
  CHECK_FALSE(block_matches("fun:ns::fill"));
  CHECK_FALSE(block_matches("fun:malloc\nfun:main"));
  CHECK_FALSE(block_matches("fun:calloc\n...\nfun:main"));
  CHECK_FALSE(block_matches("fun:malloc\nsrc:fill.cpp:13"));
  CHECK_FALSE(block_matches("fun:malloc\n...\nfun:main\nfun:main"));
  CHECK_FALSE(block_matches("fun:malloc\n...\nfun:main\n...\nfun:ns::fill"));
}

TEST_CASE("mangled names in Memcheck's blocks match") {
  CHECK(block_matches("fun:malloc\nfun:_ZN2ns4fillEi"));
  CHECK(block_matches("fun:malloc\nfun:_ZN2ns*"));
  CHECK(block_matches("fun:malloc\nfun:_ZN2ns4fillE*"));
  CHECK_FALSE(block_matches("fun:malloc\nfun:_ZN2ns5otherE*"));
  CHECK_FALSE(block_matches("fun:malloc\nfun:_ZN2ns4fillEv"));
  const Stack by_new = {{"operator new", "operator new", "", "", 0}, {"main", "main", "", "", 0}};
  CHECK(block_matches("fun:_Znwm\nfun:main", by_new));
  CHECK(block_matches("fun:_Znw*\nfun:main", by_new));
  CHECK_FALSE(block_matches("fun:_Znam\nfun:main", by_new));
  CHECK(demangled_pattern("_ZN9QListView4showEv") == "QListView::show()");
  CHECK(demangled_pattern("_ZN9QListView*") == "QListView*");
  CHECK(demangled_pattern("_ZNSt6vectorI*") == "std::vector*");
  CHECK(demangled_pattern("main").empty());
}

TEST_CASE("blocks for other tools and other errors are stepped over") {
  CHECK_FALSE(suppressed("{\n a\n Memcheck:Param\n write(buf)\n fun:main\n}\n{\n b\n Helgrind:Race\n obj:*\n}\n"));
  CHECK(suppressed(
      "{\n a\n Memcheck:Cond\n fun:x\n}\n{\n b\n drd,Memcheck:Leak\n fun:malloc\n ...\n fun:main\n}\nleak:nothing\n"));
}

TEST_CASE("what is no suppression is refused with file and line") {
  CHECK_THAT(complaint("leak:main\n\nnonsense\n"), Contains("test.supp:3: 'nonsense' is not a suppression"));
  CHECK_THAT(complaint("leek:main\n"), Contains("test.supp:1: there are no suppressions of type 'leek'"));
  CHECK_THAT(complaint("leak:\n"), Contains("would suppress everything"));
  CHECK_THAT(complaint("leak:*\n"), Contains("would suppress everything"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n fun:x\n"), Contains("this block has no end"));
  CHECK_THAT(complaint("{\n a\n}\n"), Contains("test.supp:3"));
  CHECK_THAT(complaint("{\n}\n"), Contains("no second line"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n foo:x\n}\n"), Contains("test.supp:4: 'foo:x' is not a frame"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n fun:\n}\n"), Contains("names nothing"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n}\n"), Contains("would suppress everything"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n ...\n obj:*\n}\n"), Contains("would suppress everything"));
  CHECK_THAT(complaint("{\n a\n Memcheck:Leak\n match-leak-kinds: some\n fun:x\n}\n"),
             Contains("a kind that does not exist"));
  SuppressionSet set;
  CHECK_THAT(set.add_file("/nonexistent.supp").error().what, Contains("/nonexistent.supp': No such file"));
  CHECK_FALSE(set.add_file("/").has_value());
}

TEST_CASE("the first suppression that matches is the one that is used") {
  SuppressionSet set;
  REQUIRE(set.add_text("leak:other\nleak:main\nleak:fill\n", "a.supp").has_value());
  set.add_built_in();
  CHECK(set.match(kStack) == 1u);
  CHECK(set.entries()[1].origin == "a.supp:2");
  CHECK(set.entries()[1].name == "leak:main");
  CHECK(set.entries().back().built_in);
}

TEST_CASE("the built-in suppressions spare the user's own code") {
  SuppressionSet set;
  set.add_built_in();
  CHECK_FALSE(set.match(kStack).has_value());
  const std::string_view libc = "/usr/lib/x86_64-linux-gnu/libc.so.6", app = "/home/me/app";
  const Stack opened = {{"malloc", "malloc", "", "", 0}, {"fopen", "fopen", "", libc, 0}, {"main", "main", "", app, 0}};
  CHECK_FALSE(set.match(opened).has_value());
  const Stack constructor = {{"malloc", "malloc", "", "", 0},
                             {"plug_in_start", "plug_in_start", "", "/home/me/plugin.so", 0},
                             {"call_init", "call_init", "", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 0},
                             {"dlopen", "dlopen", "", libc, 0},
                             {"main", "main", "", app, 0}};
  CHECK_FALSE(set.match(constructor).has_value());
  const Stack buffer = {{"malloc", "malloc", "", "", 0},
                        {"_IO_file_doallocate", "_IO_file_doallocate", "", libc, 0},
                        {"main", "main", "", app, 0}};
  CHECK(set.match(buffer).has_value());
}

TEST_CASE("the built-in suppressions are listed in the documentation") {
  std::ifstream file(MEMPROF_SOURCE_DIR "/docs/suppressions.md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  SuppressionSet set;
  set.add_built_in();
  for (const Suppression& entry : set.entries()) {
    INFO(entry.name);
    const bool tool = entry.name.starts_with("tool: ");
    CHECK_THAT(text, Contains(tool ? "`" + entry.name.substr(6) + "`" : entry.name));
  }
}

TEST_CASE("suppressions that are made for a verdict suppress what failed") {
  Verdict verdict;
  GateSite site;
  site.path = {"ns::fill", "(plugin.so)", "(anonymous namespace)::run", "main"};
  site.now.blocks = 1;
  site.rules = {0};
  site.message = "8 B in 1 block unfreed";
  verdict.sites = {site};
  const std::string text = suppressions_for(verdict);
  const Stack stack = {{"malloc", "malloc", "", "", 0},
                       {"void ns::fill<int>(int)", "ns::fill", "", "/opt/app", 0},
                       {"", "", "", "/opt/plugin.so", 0},
                       {"(anonymous namespace)::run()", "(anonymous namespace)::run", "", "/opt/app", 0},
                       {"main", "main", "", "/opt/app", 0}};
  CHECK(suppressed(text, stack));
  CHECK_FALSE(suppressed(text));
  verdict.sites[0].rules.clear();
  CHECK(suppressions_for(verdict).empty());
}

}  // namespace
}  // namespace memprof::report
