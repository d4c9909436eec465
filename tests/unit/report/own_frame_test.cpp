#include "report/own_frame.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using memprof::NodeIndex;
using memprof::Profile;
using memprof::report::bare_function_name;
using memprof::report::find_own_frames;
using memprof::tests::ProfileBuilder;

namespace {

const std::string& own_function(const Profile& profile, const std::vector<NodeIndex>& own, NodeIndex node) {
  return profile.text(profile.frames[profile.stacks[own[node]].frame].function);
}

}  // namespace

TEST_CASE("A function's bare name has neither return type nor arguments") {
  CHECK(bare_function_name("main") == "main");
  CHECK(bare_function_name("operator new(unsigned long)") == "operator new");
  CHECK(bare_function_name("operator new[](unsigned long, std::align_val_t)") == "operator new[]");
  CHECK(bare_function_name("void std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int&&)") ==
        "std::vector::_M_realloc_insert");
  CHECK(bare_function_name("std::vector<int, std::allocator<int> > app::make<int>(int)") == "app::make");
  CHECK(bare_function_name("(anonymous namespace)::grow(char const*)") == "(anonymous namespace)::grow");
  CHECK(bare_function_name("Matrix::operator()(int, int) const") == "Matrix::operator()");
  CHECK(bare_function_name("Heap::operator<(Heap const&)") == "Heap::operator<");
  CHECK(bare_function_name("my_operators::run(int)") == "my_operators::run");
  CHECK(bare_function_name("alloc::vec::Vec<T,A>::push") == "alloc::vec::Vec::push");
  CHECK(bare_function_name("<alloc::vec::Vec<T> as core::clone::Clone>::clone") == "<alloc::vec::Vec>::clone");
}

TEST_CASE("Odd names do not upset the search for a bare name") {
  for (const char* name : {"", "<", ">", "<<<", "a<b", "(", ")", "operator", "operator ", "<>", "x::<", " ", "a b c"}) {
    CHECK(bare_function_name(name).size() <= std::string(name).size() + 1);
  }
}

TEST_CASE("The own frame is the innermost one outside allocator and standard library") {
  ProfileBuilder builder;
  const NodeIndex node = builder.stack({
      {.function = "operator new(unsigned long)", .module = "/lib/libstdc++.so.6"},
      {.function = "std::__new_allocator<int>::allocate(unsigned long, void const*)",
       .file = "/usr/include/c++/12/bits/new_allocator.h",
       .line = 137,
       .inlined = true},
      {.function = "grow(int)", .file = "/src/app.cpp", .line = 7},
      {.function = "main", .file = "/src/app.cpp", .line = 20},
  });
  const auto own = find_own_frames(builder.profile, false);
  CHECK(own_function(builder.profile, own.code, node) == "grow(int)");
  CHECK(own_function(builder.profile, own.source, node) == "grow(int)");
  const auto innermost = find_own_frames(builder.profile, true);
  CHECK(own_function(builder.profile, innermost.code, node) == "operator new(unsigned long)");
}

TEST_CASE("A function of the program that the standard library calls is the own frame") {
  ProfileBuilder builder;
  const NodeIndex node = builder.stack({
      {.function = "malloc", .module = "/lib/libc.so.6"},
      {.function = "compare(void const*, void const*)", .file = "/src/app.cpp", .line = 3},
      {.function = "qsort_r", .module = "/lib/x86_64-linux-gnu/libc.so.6"},
      {.function = "main", .file = "/src/app.cpp", .line = 20},
  });
  const auto own = find_own_frames(builder.profile, false);
  CHECK(own_function(builder.profile, own.code, node) == "compare(void const*, void const*)");
}

TEST_CASE("A library without source is the own code, but the line is that of its caller") {
  ProfileBuilder builder;
  const NodeIndex node = builder.stack({
      {.function = "json_parse", .module = "/usr/lib/libjson.so.1"},
      {.function = "load()", .file = "/src/app.cpp", .line = 3},
  });
  const auto own = find_own_frames(builder.profile, false);
  CHECK(own_function(builder.profile, own.code, node) == "json_parse");
  CHECK(own_function(builder.profile, own.source, node) == "load()");
}

TEST_CASE("A stack of nothing but library frames keeps the innermost that isn't an allocation function") {
  ProfileBuilder builder;
  const NodeIndex node = builder.stack({
      {.function = "malloc", .module = "/lib/libc.so.6"},
      {.function = "__gnu_cxx::__freeres()", .module = "/lib/libstdc++.so.6"},
      {.function = "_dl_init", .module = "/lib64/ld-linux-x86-64.so.2"},
  });
  const NodeIndex bare = builder.stack({{.function = "malloc", .module = "/lib/libc.so.6"}});
  const auto own = find_own_frames(builder.profile, false);
  CHECK(own_function(builder.profile, own.code, node) == "__gnu_cxx::__freeres()");
  CHECK(own_function(builder.profile, own.source, bare) == "malloc");
  CHECK(own.code[memprof::kLostRoot] == memprof::kLostRoot);
}

TEST_CASE("C++ code in namespaces called like Rust's libraries is the program's") {
  ProfileBuilder builder;
  const NodeIndex mine = builder.stack({{.function = "core::Engine::start()", .file = "/src/engine.cpp", .line = 3}});
  const NodeIndex rust = builder.stack({
      {.function = "alloc::vec::Vec<T,A>::push", .file = "/rustc/abc/library/alloc/src/vec/mod.rs", .line = 1},
      {.function = "boxes::fill", .file = "/src/boxes.rs", .line = 9},
  });
  const auto own = find_own_frames(builder.profile, false);
  CHECK(own_function(builder.profile, own.code, mine) == "core::Engine::start()");
  CHECK(own_function(builder.profile, own.code, rust) == "boxes::fill");
}
