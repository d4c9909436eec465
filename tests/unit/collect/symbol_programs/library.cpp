// A library that is loaded, calls back, and is closed again before anyone asks for its names.

namespace {

[[gnu::noinline]] void behind(void (*callback)(const char*));

}  // namespace

extern "C" [[gnu::visibility("default")]] void library_entry(void (*callback)(const char*)) {
  callback("library");  // here: library calls
  behind(callback);
}

namespace {

// Compiled without reordering: in the file it follows library_entry, whose symbol is the only one left after stripping.
void behind(void (*callback)(const char*)) {
  callback("behind");  // here: behind calls
  __asm__ volatile("" ::: "memory");
}

}  // namespace
