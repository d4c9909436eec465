// operator new and delete in all their forms: plain, array, nothrow, aligned, sized, and combined; and failing ones.
//
// Expected: every form is one allocation or one free of the size that was asked for, whatever malloc it is made of
// inside. `delete nullptr` is nothing. The exception object of a failure is counted, too. libstdc++'s emergency pool,
// allocated before main(), is not.
// "--for-memcheck" leaves out failures, at which Memcheck stops the program.

#include <initializer_list>
#include <new>

#include "tests/programs/counted.h"

namespace {

struct Plain {
  char bytes[48];
};
struct alignas(64) Aligned {
  char bytes[192];
};
struct WithDestructor {
  ~WithDestructor() { opaque(this); }
  char bytes[24];
};

template <typename T>
T* made(T* block, std::size_t bytes) {
  return static_cast<T*>(counted(opaque(block), bytes));
}

void expressions() {
  auto* plain = made(new Plain, sizeof(Plain));
  count_free(sizeof(Plain));
  delete plain;

  auto* array = made(new Plain[10], 10 * sizeof(Plain));
  count_free(10 * sizeof(Plain));
  delete[] array;

  // An array of objects with destructors has its length in front: 8 bytes more.
  auto* cookie = new WithDestructor[5];
  counted(opaque(cookie), 5 * sizeof(WithDestructor) + sizeof(std::size_t));
  count_free(5 * sizeof(WithDestructor) + sizeof(std::size_t));
  delete[] cookie;

  auto* aligned = made(new Aligned, sizeof(Aligned));
  if (reinterpret_cast<uintptr_t>(aligned) % 64 != 0) abort();
  count_free(sizeof(Aligned));
  delete aligned;

  auto* aligned_array = made(new Aligned[3], 3 * sizeof(Aligned));
  count_free(3 * sizeof(Aligned));
  delete[] aligned_array;

  auto* nothrow = made(new (std::nothrow) Plain, sizeof(Plain));
  count_free(sizeof(Plain));
  delete nothrow;

  delete static_cast<Plain*>(opaque(nullptr));
  delete[] static_cast<Plain*>(opaque(nullptr));
}

void functions() {
  constexpr std::align_val_t kAlignment{256};
  auto allocated = [](void* block, std::size_t bytes) {
    count_free(bytes);
    return counted(opaque(block), bytes);
  };
  ::operator delete(allocated(::operator new(101), 101));
  ::operator delete (allocated(::operator new(102), 102), std::size_t{102});
  ::operator delete(allocated(::operator new(103, std::nothrow), 103), std::nothrow);
  ::operator delete[](allocated(::operator new[](104), 104));
  ::operator delete[](allocated(::operator new[](105), 105), std::size_t{105});
  ::operator delete[](allocated(::operator new[](106, std::nothrow), 106), std::nothrow);
  ::operator delete(allocated(::operator new(107, kAlignment), 107), kAlignment);
  ::operator delete (allocated(::operator new(108, kAlignment), 108), std::size_t{108}, kAlignment);
  ::operator delete(allocated(::operator new(109, kAlignment, std::nothrow), 109), kAlignment, std::nothrow);
  ::operator delete[](allocated(::operator new[](110, kAlignment), 110), kAlignment);
  ::operator delete[](allocated(::operator new[](111, kAlignment), 111), std::size_t{111}, kAlignment);
  ::operator delete[](allocated(::operator new[](112, kAlignment, std::nothrow), 112), kAlignment, std::nothrow);
}

// A quarter of the address space is never to be had.
constexpr std::size_t kTooMuch = std::size_t{1} << 62;

void failures() {
  try {
    counted(opaque(::operator new(opaque_size(kTooMuch))), kTooMuch);
    abort();
  } catch (const std::bad_alloc&) {
    counted(nullptr, kTooMuch);
    count_exception(sizeof(std::bad_alloc));
  }

  // libstdc++ makes the nothrow ones of those that throw, so each has an exception inside.
  for (void* block :
       {::operator new(opaque_size(kTooMuch), std::nothrow), ::operator new[](opaque_size(kTooMuch), std::nothrow),
        ::operator new (opaque_size(kTooMuch), std::align_val_t{64}, std::nothrow)}) {
    counted(block, kTooMuch);
    count_exception(sizeof(std::bad_alloc));
  }
}

void kept() {
  made(new Plain, sizeof(Plain));
  made(new Aligned, sizeof(Aligned));
  made(new char[7], 7);
}

}  // namespace

int main(int argc, char** argv) {
  expressions();
  functions();
  if (!(argc > 1 && strcmp(argv[1], "--for-memcheck") == 0)) failures();
  kept();
  report_counts();
  return 0;
}
