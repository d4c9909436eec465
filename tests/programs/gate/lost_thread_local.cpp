// Leaky: a thread-local raw pointer goes with its thread.
#include <thread>

static thread_local int* volatile scratch = nullptr;

static void body() { scratch = new int[32]; }

int main() {
  for (int i = 0; i < 3; ++i) std::thread(body).join();
  return 0;
}
