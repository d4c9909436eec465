#include "collect/demangle.hpp"

#include "tests/catch.hpp"

using memprof::collect::demangle;
using memprof::collect::is_mangled;

TEST_CASE("C++ symbols become full signatures") {
  CHECK(demangle("_ZN6shapes5outerEi") == "shapes::outer(int)");
  CHECK(demangle("_ZNSt6vectorIiSaIiEE9push_backERKi") ==
        "std::vector<int, std::allocator<int> >::push_back(int const&)");
  CHECK(demangle("_ZN5shapeC2Ev") == "shape::shape()");
  CHECK(demangle("_Znwm") == "operator new(unsigned long)");
  CHECK(demangle("_ZN12_GLOBAL__N_16hiddenEi") == "(anonymous namespace)::hidden(int)");
  CHECK(demangle("_ZZ4mainENKUliE_clEi") == "main::{lambda(int)#1}::operator()(int) const");
  CHECK(demangle("_Z3foov.cold") == "foo() [clone .cold]");
}

TEST_CASE("C++ symbols above 1024 bytes are demangled too") {
  std::string symbol = "_Z1fIJ";
  std::string expected = "void f<";
  for (int number = 100; number < 400; ++number) {
    symbol += "Li" + std::to_string(number) + "E";
    expected += (number == 100 ? "" : ", ") + std::to_string(number);
  }
  symbol += "EEvv";
  REQUIRE(symbol.size() > 1024);
  CHECK(demangle(symbol.c_str()) == expected + ">()");
}

TEST_CASE("Rust symbols lose their hash") {
  CHECK(demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE") == "core::fmt::Formatter::pad");
  CHECK(demangle("_ZN63_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE") ==
        "<alloc::vec::Vec<T> as core::clone::Clone>::clone");
  CHECK(demangle("_ZN5crate4main17h0123456789abcdefE.llvm.1234567890") == "crate::main");
  CHECK(demangle("_RNvCskwGfYPst2Cb_3foo16example_function") == "foo::example_function");
  CHECK(demangle("_RINvNtC3std3mem8align_ofdE") == "std::mem::align_of::<f64>");
  CHECK(demangle("_RNvCskwGfYPst2Cb_3foo16example_function.llvm.77") == "foo::example_function");
}

TEST_CASE("other symbols stay what they are") {
  for (const char* symbol : {"main", "malloc", "", "_", "_start", "_Z", "_ZN", "_R", "_ZN3fooE1", "_Rx",
                             "__libc_start_main", "_GLOBAL__sub_I_main.cpp", "i", "v"}) {
    CHECK(demangle(symbol) == symbol);
  }
  CHECK_FALSE(is_mangled("main"));
  CHECK_FALSE(is_mangled("_start"));
  CHECK(is_mangled("_Z3foov"));
  CHECK(is_mangled("_RNvC1a1b"));
}

TEST_CASE("a short symbol that stands for gigabytes of text stays as it is") {
  // Each parameter is a pair of two of the one before.
  std::string symbol = "_Z1f1ASt4pairIS_S_E";
  const char* digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int parameter = 1; parameter < 17; ++parameter) {
    const char pair = digits[2 * parameter - 1];  // every other substitution is the name of the template
    symbol += std::string("St4pairIS") + pair + "_S" + pair + "_E";
  }
  CHECK(demangle(symbol.c_str()) == symbol);
}

TEST_CASE("a symbol of a megabyte does not exhaust the stack") {
  const std::string pointers = "_Z1f" + std::string(1 << 20, 'P') + "i";
  CHECK(demangle(pointers.c_str()) == pointers);
  const std::string nested = "_Z1f" + std::string(8000, 'P') + "i";
  CHECK(demangle(nested.c_str()).size() >= nested.size() - 4);
}
