// A library with one thing by which an allocator or runtime is recognised.
#if defined(MARK_SYMBOL)
int MARK_SYMBOL(void) { return 1; }
#elif defined(MARK_TEXT)
const char marked_text[] = "<jemalloc>: out of memory\n";
#elif defined(MARK_GO)
__attribute__((section(".go.buildinfo"))) const char marked_build[] = "\xff Go buildinf:";
#elif defined(MARK_RUST)
int marked_rust(void) __asm__("_RNvCs691rhTbG0Ee_7___rustc10___rg_alloc");
int marked_rust(void) { return 1; }
#else
int marked_nothing(void) { return 1; }
#endif
