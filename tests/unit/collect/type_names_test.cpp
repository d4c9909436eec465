#include <string>
#include <vector>

#include "collect/allocation_text.hpp"
#include "collect/qualified_name.hpp"
#include "collect/type_from_names.hpp"
#include "collect/type_spelling.hpp"
#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

std::vector<std::string> parts(std::string_view name) {
  std::vector<std::string> whole;
  for (const NamePart& part : split_qualified_name(name)) whole.emplace_back(part.whole);
  return whole;
}

using Parts = std::vector<std::string>;

FoundType type_of(std::initializer_list<NamedFrame> frames) { return type_from_names(std::vector<NamedFrame>(frames)); }

}  // namespace

TEST_CASE("functions come apart at their scopes") {
  CHECK(parts("void std::vector<int, std::allocator<int> >::_M_realloc_insert<int const&>(int&&)") ==
        Parts{"std", "vector<int, std::allocator<int> >", "_M_realloc_insert<int const&>"});
  CHECK(parts("(anonymous namespace)::hidden(int)") == Parts{"(anonymous namespace)", "hidden"});
  CHECK(parts("A::operator<<(B) const") == Parts{"A", "operator<<"});
  CHECK(parts("f(int)::{lambda(char)#1}::operator()(char) const") == Parts{"f", "{lambda(char)#1}", "operator()"});
  CHECK(parts("main") == Parts{"main"});
  CHECK(parts("").empty());
  CHECK(parts("a<b<c").size() == 1);  // damaged
  CHECK(split_arguments("int, std::pair<int, char> , (A)1") ==
        std::vector<std::string_view>{"int", "std::pair<int, char>", "(A)1"});
}

TEST_CASE("types are spelled as programmers write them") {
  CHECK(spelled_type("std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const") ==
        "const std::string");
  CHECK(spelled_type("std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int, "
                     "std::less<std::__cxx11::basic_string<char> >, std::allocator<std::pair<int const, int> > >") ==
        "std::map<std::string, int>");
  CHECK(spelled_type("std::set<int, std::greater<int>, std::allocator<int> >") == "std::set<int, std::greater<int>>");
  CHECK(spelled_type("std::array<long unsigned int, 4ul>") == "std::array<unsigned long, 4>");
  CHECK(spelled_type("char const*") == "const char*");
  CHECK(spelled_type("Foo *") == "Foo*");
  CHECK(spelled_type("std::function<int()>") == spelled_type("std::function<int ()>"));
  CHECK(spelled_type("std::vector<f()::T, std::allocator<f()::T> >") == "std::vector<f()::T>");
  CHECK(spelled_type("std::unique_ptr<Foo, std::default_delete<Foo> >") == "std::unique_ptr<Foo>");
  CHECK(spelled_type("alloc::vec::Vec<u8, alloc::alloc::Global>") == "Vec<u8>");
  CHECK(
      spelled_type("std::__1::basic_string<wchar_t, std::__1::char_traits<wchar_t>, std::__1::allocator<wchar_t> >") ==
      "std::wstring");
}

TEST_CASE("a node has the name of its container") {
  const FoundType found =
      type_of({{"std::__new_allocator<std::_Rb_tree_node<std::pair<int const, Foo> > >::allocate(unsigned long, void "
                "const*)",
                {},
                64},
               {"std::_Rb_tree<int, std::pair<int const, Foo>, std::_Select1st<std::pair<int const, Foo> >, "
                "std::less<int>, std::allocator<std::pair<int const, Foo> > >::_M_get_node()"},
               {"std::map<int, Foo, std::less<int>, std::allocator<std::pair<int const, Foo> > >::operator[](int&&)"},
               {"main"}});
  CHECK(found.name == "std::map<int, Foo>");
  CHECK(found.raw_name == "std::_Rb_tree_node<std::pair<const int, Foo>>");
  CHECK(found.part == "node");
  CHECK(found.raw_bytes == 64);
}

TEST_CASE("a container without a public frame is named after its implementation") {
  const FoundType found = type_of({{"std::__new_allocator<int>::allocate(unsigned long, void const*)"},
                                   {"std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)"},
                                   {"main"}});
  CHECK(found.name == "std::vector<int>");
  CHECK(found.part == "buffer");
  CHECK(found.raw_bytes == 4);
}

TEST_CASE("what make_shared makes is the object") {
  const FoundType found = type_of(
      {{"std::__new_allocator<std::_Sp_counted_ptr_inplace<Foo, std::allocator<void>, "
        "(__gnu_cxx::_Lock_policy)2> >::allocate(unsigned long, void const*)"},
       {"std::shared_ptr<Foo>::shared_ptr<std::allocator<void>>(std::_Sp_alloc_shared_tag<std::allocator<void> >)"},
       {"main"}});
  CHECK(found.name == "Foo");
  CHECK(found.part == "object and control block");
}

TEST_CASE("a container that only the library knows is part of what the program uses") {
  const FoundType found =
      type_of({{"std::__new_allocator<std::__detail::_State<char> >::allocate(unsigned long, void const*)"},
               {"std::vector<std::__detail::_State<char>, std::allocator<std::__detail::_State<char> > "
                ">::reserve(unsigned long)"},
               {"std::__cxx11::basic_regex<char, std::__cxx11::regex_traits<char> >::basic_regex(char const*)"},
               {"main"}});
  CHECK(found.name == "std::regex");
}

TEST_CASE("own allocators say their type, plain functions none") {
  CHECK(type_of({{"pool::ArenaAllocator<Foo>::allocate(unsigned long)"}, {"main"}}).name == "Foo");
  CHECK(type_of({{"make_foo()"}, {"main"}}).name.empty());
  CHECK(type_of({}).name.empty());
}

TEST_CASE("libraries are told from programs") {
  CHECK(is_library_function("std::vector<int>::push_back(int const&)"));
  CHECK(is_library_function("alloc::vec::Vec<T,A>::push"));
  CHECK(is_library_function("operator new(unsigned long)"));
  CHECK_FALSE(is_library_function("core::Engine::load(char const*)"));
  CHECK_FALSE(is_library_function("standard::f()"));
  CHECK_FALSE(is_library_function("main"));
}

TEST_CASE("a size that does not fit is no evidence") {
  CHECK(sizes_agree({96, 96, 96, false, true}, 24));
  CHECK_FALSE(sizes_agree({100, 100, 100, false, true}, 24));
  CHECK(sizes_agree({8 + 3 * 24, 8 + 5 * 24, 8, true, false}, 24));  // new T[], the number of elements in front
  CHECK_FALSE(sizes_agree({8 + 3 * 24, 8 + 5 * 24, 8, false, false}, 24));
  CHECK(sizes_agree({7, 7, 7, false, false}, 0));
}

TEST_CASE("a line of source says what it allocates") {
  const auto types = [](std::string_view line) {
    std::vector<std::string> found;
    for (const auto type : read_allocation(line).types) found.emplace_back(type);
    return found;
  };
  CHECK(types("  p = new Foo(1);") == Parts{"Foo"});
  CHECK(types("x.push_back(new (std::nothrow) a::B<int, C<3>>{});") == Parts{"a::B<int, C<3>>"});
  CHECK(types("new unsigned long[n]") == Parts{"unsigned long"});
  CHECK(types("struct node* n = malloc(sizeof(struct node));") == Parts{"node"});
  CHECK(types("p = new char*[5];") == Parts{"char*"});
  CHECK(types("renew(newer); // new Foo").empty());
  CHECK(read_allocation("p = malloc(n * sizeof *p);").pointers == std::vector<std::string_view>{"p"});
  CHECK(read_allocation("p = calloc(n, sizeof(p[0]));").pointers == std::vector<std::string_view>{"p"});
  CHECK(types("new").empty());
  CHECK(types("sizeof(").empty());
}

}  // namespace memprof::collect
