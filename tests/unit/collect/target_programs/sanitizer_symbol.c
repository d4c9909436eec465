void __msan_init(void);
void __msan_init(void) {}
