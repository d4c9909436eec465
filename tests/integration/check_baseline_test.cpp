// A baseline must outlive whatever does not change the code: each change here, on a program that leaks in many ways.

#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

/// Every function does something of its own, so that no compiler merges two of them.
constexpr char kProgram[] = R"cpp(#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>
#define APART __attribute__((noinline))
                                  static void* volatile sink;
                                  static volatile int zero;
                                  namespace {
                                  APART int hidden(int n) {
                                    sink = malloc(11);
                                    return n + zero + 1;
                                  }
                                  }  // namespace
                                  static APART int local(int n) {
                                    sink = malloc(22);
                                    return n + zero + 2;
                                  }
                                  template <class T>
                                  struct Box {
                                    APART Box() { sink = malloc(33); }
                                    APART ~Box() { sink = malloc(34); }
                                    APART int fill(int n) {
                                      sink = new T[2];
                                      return n + zero + 3;
                                    }
                                  };
                                  template <class T>
                                  APART T* make(T value) {
                                    T* made = new T(value);
                                    sink = made;
                                    return made;
                                  }
                                  struct Stream {
                                    APART Stream& operator<<(int n) {
                                      sink = malloc(44);
                                      zero = n - n;
                                      return *this;
                                    }
                                    APART operator std::string() const {
                                      sink = malloc(45);
                                      return "text";
                                    }
                                  };
                                  static int* global = new int(5);
                                  namespace ns {
                                  static long* other = make<long>(6);
                                  struct Names {
                                    static APART int of(const std::string& text) {
                                      sink = malloc(55);
                                      return static_cast<int>(text.size());
                                    }
                                  };
                                  }  // namespace ns
                                  template <class F>
                                  APART int call(F f) {
                                    return f(7) + zero;
                                  }
                                  static APART int recurse(int n) {
                                    if (n == 0) {
                                      sink = malloc(66);
                                      return zero;
                                    }
                                    return recurse(n - 1) + 1 + zero;
                                  }
                                  static APART int compare(const void* a, const void* b) {
                                    if (!sink || zero == 0) sink = malloc(1);
                                    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
                                  }
                                  static inline int small(int n) {
                                    sink = malloc(77);
                                    return n + zero;
                                  }
                                  struct Thrower {
                                    APART ~Thrower() { sink = malloc(88); }
                                  };
                                  static APART void throwing(int n) {
                                    Thrower guard;
                                    if (n > zero) throw n;
                                  }
                                  struct Base {
                                    virtual ~Base() {}
                                    virtual int run(int n) = 0;
                                  };
                                  struct Derived : Base {
                                    APART int run(int n) override {
                                      sink = malloc(99);
                                      return n + zero;
                                    }
                                  };
                                  int main() {
                                    int sum = hidden(1) + local(2);
                                    {
                                      Box<int> one;
                                      sum += one.fill(3);
                                      Box<std::vector<int>> two;
                                      sum += two.fill(4);
                                    }
                                    sum += *make<short>(5) + *global + static_cast<int>(*ns::other);
                                    Stream stream;
                                    stream << 3;
                                    std::string text = stream;
                                    sum += ns::Names::of(text);
                                    auto lambda = [](int n) {
                                      sink = malloc(111);
                                      return n + zero;
                                    };
                                    sum += call(lambda);
                                    std::function<int(int)> function = [&sum](int n) {
                                      sink = malloc(122);
                                      return n + sum + zero;
                                    };
                                    sum += function(2);
                                    struct Inner {
                                      APART int go() {
                                        sink = malloc(133);
                                        return zero;
                                      }
                                    } inner;
                                    sum += inner.go() + recurse(10 + zero);
                                    int numbers[] = {3, 1};
                                    qsort(numbers, 2, sizeof *numbers, compare);
                                    sum += small(2);
                                    try {
                                      throwing(1);
                                    } catch (int n) {
                                      sum += n;
                                    }
                                    std::unique_ptr<Base> base = std::make_unique<Derived>();
                                    sum += base->run(1);
                                    auto* kept = new std::vector<std::string>(3, std::string(100, 'x'));
                                    sink = kept;
                                    return sum > 0 ? 0 : 1;
                                  }
)cpp";

/// Compiles a source into `directory`/build/app.
std::string compiled(const std::string& directory, const std::string& source, const std::string& compiler,
                     const Arguments& flags) {
  fs::create_directories(directory + "/build");
  write_file(directory + "/app.cpp", source);
  Arguments arguments{compiler, "-std=c++17", "-fno-builtin"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.insert(arguments.end(), {directory + "/app.cpp", "-o", directory + "/build/app"});
  const CommandResult result = run_command(arguments);
  INFO(shown(arguments) << "\n" << result.err);
  REQUIRE(result.status == 0);
  return directory + "/build/app";
}

CommandResult check(const Arguments& options, const std::string& program) {
  Arguments arguments{memprof_program(), "check", "--no-config"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", program});
  return run_command(arguments);
}

struct Baselined {
  TemporaryDirectory directory;
  std::string file = directory.file("memprof.baseline");
  std::string program = compiled(directory.file("first"), kProgram, "g++", {"-g", "-O0"});

  Baselined() {
    const CommandResult written = check({"--write-baseline", file}, program);
    INFO(written.out << written.err);
    REQUIRE(written.status == 0);
  }

  /// Everything is known, one by one: no site is new, grown, shrunk or fixed.
  void check_known(const std::string& other) const {
    const CommandResult result = check({"--baseline", file}, other);
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const std::string again = directory.file("again.baseline");
    CHECK(check({"--write-baseline", again}, other).status == 0);
    CHECK(sites(read_file(again)) == sites(read_file(file)));
  }

  /// Without the peak, which is the library's business, too.
  static std::string sites(const std::string& text) { return text.substr(text.find(" bytes\n") + 1); }
};

TEST_CASE("a baseline survives a run with other addresses, a rebuild and a renamed directory") {
  const Baselined base;
  base.check_known(base.program);
  base.check_known(compiled(base.directory.file("another place"), kProgram, "g++", {"-g", "-O0"}));
  fs::rename(base.directory.file("first"), base.directory.file("renamed"));
  base.check_known(base.directory.file("renamed") + "/build/app");
}

TEST_CASE("a baseline survives lines added above, and functions moved to another file") {
  const Baselined base;
  base.check_known(compiled(base.directory.file("lines"),
                            "// one\n// more\n\nstruct Added {};\n" + std::string(kProgram), "g++", {"-g", "-O0"}));
}

TEST_CASE("a baseline survives other compilers and optimisation") {
  const Baselined base;
  const std::string compiler = GENERATE("g++", "clang++");
  const std::string level = GENERATE("-O0", "-O1", "-O2", "-Os");
  INFO(compiler << " " << level);
  base.check_known(compiled(base.directory.file("other"), kProgram, compiler, {"-g", level}));
}

TEST_CASE("without debug information a baseline still knows everything") {
  const Baselined base;
  const CommandResult result =
      check({"--baseline", base.file}, compiled(base.directory.file("bare"), kProgram, "g++", {"-O2"}));
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

TEST_CASE("one block more is grown, another function is new, one less is fixed") {
  const Baselined base;
  const auto with = [&](const std::string& old_text, const std::string& new_text) {
    std::string source = kProgram;
    const std::size_t at = source.find(old_text);
    REQUIRE(at != std::string::npos);
    source.replace(at, old_text.size(), new_text);
    return check({"--baseline", base.file}, compiled(base.directory.file("changed"), source, "g++", {"-g", "-O0"}));
  };
  const CommandResult grown = with("hidden(1)", "hidden(1) + hidden(1)");
  CHECK(grown.status == 1);
  CHECK_THAT(grown.out, Contains("sites that have grown since the baseline: 1, none allowed"));
  CHECK_THAT(grown.out,
             Contains("grown: 22 B in 2 blocks unfreed, allocated by malloc in (anonymous namespace)::hidden"));
  const CommandResult added = with("int main() {", "APART void added() { sink = malloc(5); }\nint main() { added();");
  CHECK(added.status == 1);
  CHECK_THAT(added.out, Contains("new: 5 B in 1 block unfreed, allocated by malloc in added()"));
  const CommandResult fixed = with("inner.go() +", "");
  INFO(fixed.out);
  CHECK(fixed.status == 0);
  CHECK(fixed.out.find("new:") == std::string::npos);
}

TEST_CASE("option --update-baseline takes over what is new and what is fixed") {
  const Baselined base;
  std::string source = kProgram;
  source.replace(source.find("hidden(1)"), 9, "hidden(1) + hidden(1)");
  const std::string changed = compiled(base.directory.file("changed"), source, "g++", {"-g", "-O0"});
  CHECK(check({"--baseline", base.file}, changed).status == 1);
  const CommandResult updated = check({"--baseline", base.file, "--update-baseline"}, changed);
  CHECK(updated.status == 0);
  CHECK_THAT(updated.out, Contains("was written"));
  CHECK(check({"--baseline", base.file}, changed).status == 0);
  CHECK_THAT(read_file(base.file), Contains(" 2 blocks 22 bytes: (anonymous namespace)::hidden <- main"));
}

TEST_CASE("a baseline is not written from a run that failed") {
  TemporaryDirectory directory;
  const std::string file = directory.file("memprof.baseline");
  const CommandResult result = run_command(
      {memprof_program(), "check", "--no-config", "--write-baseline", file, "--", "/bin/sh", "-c", "exit 3"});
  CHECK(result.status == 4);
  CHECK_FALSE(fs::exists(file));
}

TEST_CASE("git merges what two branches have added to a baseline") {
  TemporaryDirectory directory;
  const std::string repository = directory.file("repository");
  fs::create_directories(repository);
  const auto git = [&](Arguments arguments) {
    arguments.insert(arguments.begin(), {"git", "-C", repository, "-c", "user.name=T", "-c", "user.email=t@example.org",
                                         "-c", "init.defaultBranch=main"});
    const CommandResult result = run_command(arguments);
    INFO(shown(arguments) << result.out << result.err);
    REQUIRE(result.status == 0);
  };
  const auto leaks = [&](const std::string& body) {
    return compiled(directory.file("build"),
                    "#include <cstdlib>\nvoid* volatile sink;\nvoid a() { sink = malloc(1); }\n"
                    "void b() { sink = malloc(2); }\nvoid c() { sink = malloc(3); }\nint main() {" +
                        body + "}\n",
                    "g++", {"-g", "-O0"});
  };
  const std::string file = repository + "/memprof.baseline";
  const auto commit = [&](const std::string& body) {
    REQUIRE(check({"--write-baseline", file}, leaks(body)).status == 0);
    git({"add", "-A"});
    git({"commit", "-q", "-m", "baseline"});
  };
  git({"init", "-q"});
  write_file(repository + "/.gitattributes", "memprof.baseline merge=union\n");
  commit("a();");
  git({"checkout", "-q", "-b", "other"});
  commit("a(); b();");
  git({"checkout", "-q", "main"});
  commit("a(); c();");
  git({"merge", "-q", "--no-edit", "other"});
  const CommandResult merged = check({"--baseline", file}, leaks("a(); b(); c();"));
  INFO(read_file(file) << merged.out << merged.err);
  CHECK(merged.status == 0);
}

}  // namespace
}  // namespace memprof::test
