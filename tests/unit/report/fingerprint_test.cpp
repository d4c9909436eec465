#include "report/fingerprint.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

namespace memprof::report {
namespace {

using tests::FrameText;
using tests::ProfileBuilder;

TEST_CASE("folding keeps the qualified name of a function and nothing else") {
  CHECK(fold_function_name("main") == "main");
  CHECK(fold_function_name("fill(int)") == "fill");
  CHECK(fold_function_name("ns::Box<int>::fill(std::vector<int, std::allocator<int> > const&) const") ==
        "ns::Box::fill");
  CHECK(fold_function_name("int* make<int>(int)") == "make");
  CHECK(fold_function_name("unsigned long ns::f<unsigned long, (E)3>(unsigned long)") == "ns::f");
  CHECK(fold_function_name("std::string const& ns::name<void (int)>(int) [clone .cold]") == "ns::name");
  CHECK(fold_function_name("tagged[abi:cxx11](int)") == "tagged");
  CHECK(fold_function_name("Foo::~Foo()") == "Foo::~Foo");
  CHECK(fold_function_name("decltype (f({parm#1})) call<int>(int)") == "call");
}

TEST_CASE("folding drops what a compiler appends to a copy of a function") {
  for (const char* name : {"fill.constprop.0", "fill.isra.0.cold", "fill.part.3", "fill.cold", "fill.1",
                           "fill.lto_priv.0", "fill.llvm.123456", "fill@plt", "fill@@V_1.2",
                           "fill(int) [clone .constprop.0]", "fill(int) [clone .isra.0] [clone .cold]"}) {
    INFO(name);
    CHECK(fold_function_name(name) == "fill");
  }
}

TEST_CASE("folding knows operators") {
  CHECK(fold_function_name("Local::operator<<(int)") == "Local::operator<<");
  CHECK(fold_function_name("bool ns::operator< <int>(ns::A<int> const&)") == "ns::operator<");
  CHECK(fold_function_name("bool ns::operator<<int>(ns::A<int> const&)") == "ns::operator<");
  CHECK(fold_function_name("std::ostream& ns::operator<< <int>(std::ostream&, int)") == "ns::operator<<");
  CHECK(fold_function_name("A::operator->() const") == "A::operator->");
  CHECK(fold_function_name("A::operator()(int) const") == "A::operator()");
  CHECK(fold_function_name("A::operator[](int)") == "A::operator[]");
  CHECK(fold_function_name("A::operator new[](unsigned long)") == "A::operator new[]");
  CHECK(fold_function_name("operator new(unsigned long)") == "operator new");
  CHECK(fold_function_name("A::operator std::__cxx11::basic_string<char>() const") == "A::operator std::basic_string");
  CHECK(fold_function_name("operators::run(int)") == "operators::run");
}

TEST_CASE("GCC's and Clang's names fold to the same") {
  CHECK(fold_function_name("main::{lambda(int)#1}::operator()(int) const") == "main::(lambda)::operator()");
  CHECK(fold_function_name("main::$_0::operator()(int) const") == "main::(lambda)::operator()");
  CHECK(fold_function_name("main::$_12::operator()(int) const") == "main::(lambda)::operator()");
  CHECK(fold_function_name("main()::<lambda(int)>::operator()(int)") == "main::(lambda)::operator()");
  CHECK(fold_function_name("main::'lambda0'(int)::operator()(int) const") == "main::(lambda)::operator()");
  CHECK(fold_function_name("f(int)::{lambda()#2}::operator()() const::{lambda()#1}::operator()() const") ==
        "f::(lambda)::operator()::(lambda)::operator()");
  CHECK(fold_function_name("call<main()::<lambda(int)> >(main::{lambda(int)#1})") == "call");
  CHECK(fold_function_name("void call<main::$_0>(main::$_0)") == "call");
  CHECK(fold_function_name("(anonymous namespace)::anon(int)") == "(anonymous namespace)::anon");
  CHECK(fold_function_name("{anonymous}::anon(int)") == "(anonymous namespace)::anon");
  CHECK(fold_function_name("int* ns::(anonymous namespace)::make<int>(int)") == "ns::(anonymous namespace)::make");
  for (const char* name : {"__static_initialization_and_destruction_0(int, int)", "_GLOBAL__sub_I_sink",
                           "__static_initialization_and_destruction_0", "__cxx_global_var_init.1",
                           "__cxx_global_var_init", "_GLOBAL__sub_I_names.cpp"}) {
    CHECK(fold_function_name(name) == "(static initialization)");
  }
  CHECK(fold_function_name("work._omp_fn.0") == fold_function_name(".omp_outlined._debug__"));
}

TEST_CASE("folding Rust names drops the hash and keeps the type of an implementation") {
  CHECK(fold_function_name("boxes::grow::h0123456789abcdef") == "boxes::grow");
  CHECK(fold_function_name("<boxes::Tree<T> as core::ops::Drop>::drop::h0123456789abcdef") == "<boxes::Tree>::drop");
  CHECK(fold_function_name("boxes::main::{{closure}}::h0123456789abcdef") == "boxes::main::{{closure}}");
}

TEST_CASE("names that are no names come back whole") {
  for (const char* name :
       {"", " ", "<", "(", "operator", "{lambda(", "'lambda", "$_", "a<b", "operator ", "a::operator "}) {
    INFO(name);
    CHECK(fold_function_name(name).size() <= std::string(name).size() + 10);
  }
}

FunctionPath path_of(std::initializer_list<FrameText> frames) {
  ProfileBuilder builder;
  const NodeIndex stack = builder.stack(frames);
  return FunctionPaths(builder.profile).of(stack);
}

constexpr const char* kLibc = "/usr/lib/x86_64-linux-gnu/libc.so.6";
constexpr const char* kLibfoo = "/usr/lib/x86_64-linux-gnu/libfoo.so.1";

TEST_CASE("a path holds the functions of the user's code, from the inside") {
  CHECK(path_of({{.function = "std::vector<int>::push_back(int const&)"},
                 {.function = "fill(int)"},
                 {.function = "foo_call_back", .module = kLibfoo},
                 {.function = "parse()"},
                 {.function = "main"},
                 {.function = "__libc_start_main", .module = kLibc},
                 {.function = "_start"}}) == FunctionPath{"fill", "parse", "main"});
}

TEST_CASE("inlining and the depth of recursion do not show in a path") {
  const FunctionPath once = path_of({{.function = "fill"}, {.function = "walk"}, {.function = "main"}});
  CHECK(path_of({{.function = "fill", .inlined = true},
                 {.function = "walk"},
                 {.function = "walk"},
                 {.function = "walk"},
                 {.function = "main"}}) == once);
}

TEST_CASE("lines, files, directories and addresses do not show in a path") {
  CHECK(path_of({{.function = "fill", .file = "/a/x.c", .line = 3, .module = "/a/app", .offset = 5}}) ==
        path_of({{.function = "fill", .file = "/b/x.c", .line = 9, .module = "/b/app", .offset = 7}}));
}

TEST_CASE("a stack without the user's code is told by its libraries") {
  CHECK(path_of({{.function = "foo_new", .module = kLibfoo}, {.function = "init", .module = kLibc}}) ==
        FunctionPath{"foo_new", "init"});
  CHECK(path_of({}) == FunctionPath{"(no call stack)"});
}

TEST_CASE("functions without a name go by their module") {
  CHECK(path_of({{.module = "/opt/app/plugin.so", .offset = 5},
                 {.module = "/opt/app/plugin.so", .offset = 9},
                 {.function = "near", .module = "/opt/app/other.so", .nearest = true},
                 {.function = "main"}}) == FunctionPath{"(plugin.so)", "(other.so)", "main"});
}

TEST_CASE("a fingerprint is 16 hex digits that depend on every name and on their order") {
  const std::string one = fingerprint({"fill", "parse", "main"});
  CHECK(one.size() == 16);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(one == fingerprint({"fill", "parse", "main"}));
  CHECK(one != fingerprint({"parse", "fill", "main"}));
  CHECK(one != fingerprint({"fill", "parse"}));
  CHECK(fingerprint({"fill"}) == "cd2c424fdcf85259");  // baselines in repositories depend on it
}

}  // namespace
}  // namespace memprof::report
