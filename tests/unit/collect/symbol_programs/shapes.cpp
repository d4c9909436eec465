// Functions of every kind whose names and lines the tests know. A comment `here: x` names a line.
#include <utility>

#include "tests/unit/collect/symbol_programs/mark.h"

namespace shapes {

template <typename T>
struct Box {
  [[gnu::always_inline]] inline void fill(T value) {  // here: fill
    if (value != 0) MARK("inlined");                  // here: fill marks
  }
};

[[gnu::always_inline]] inline void middle(int value) {  // here: middle
  Box<int> box;
  box.fill(value);  // here: middle calls
}

[[gnu::noinline]] void outer(int value) {  // here: outer
  middle(value);                           // here: outer calls
  MARK("plain");                           // here: outer marks
}

struct Outer {
  struct Inner {
    [[gnu::noinline]] void method(const Outer& other, unsigned long count) const;
  };
};
void Outer::Inner::method(const Outer&, unsigned long) const {  // here: method
  MARK("method");                                               // here: method marks
}

template <typename A, typename B>
struct Pair {};
template <int Depth>
struct Deep {
  using Type = Pair<typename Deep<Depth - 1>::Type, Pair<char[Depth], typename Deep<Depth - 1>::Type>>;
};
template <>
struct Deep<0> {
  using Type = Box<unsigned>;
};
/// Its name has more than 1024 bytes, even mangled.
template <typename T, int... Numbers>
[[gnu::noinline]] void verbose(T, std::integer_sequence<int, Numbers...>) {
  MARK("verbose");
}

}  // namespace shapes

namespace {

[[gnu::noinline]] void hidden(int value, char* const* names) {  // here: hidden
  if (value != 0 && names != nullptr) MARK("hidden");           // here: hidden marks
}

struct Secret {
  [[gnu::always_inline]] void reveal() {  // here: reveal
    MARK("secret");                       // here: reveal marks
  }
};

}  // namespace

static void file_static(double value) __attribute__((noinline));
static void file_static(double value) {
  if (value > 0) MARK("static");  // here: static marks
}

extern "C" [[gnu::noinline]] void c_function(int value) {            // here: c_function
  const auto lambda = [value](int more) __attribute__((noinline)) {  // here: lambda
    if (value + more != 0) MARK("lambda");                           // here: lambda marks
  };
  lambda(2);
  struct Local {
    static __attribute__((noinline)) void run(int times) {
      if (times != 0) MARK("local");  // here: local marks
    }
  };
  Local::run(3);
}

int main(int argc, char** argv) {
  shapes::outer(argc);
  shapes::Outer::Inner().method({}, 7);
  shapes::verbose(shapes::Deep<4>::Type{}, std::make_integer_sequence<int, 200>{});
  hidden(argc, argv);
  Secret().reveal();  // here: main reveals
  file_static(argc);
  c_function(argc);
}
