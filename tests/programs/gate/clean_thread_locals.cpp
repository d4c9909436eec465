// Clean: thread-local objects are destroyed with their threads, those of the main thread at exit.
#include <string>
#include <thread>
#include <vector>

static thread_local std::vector<std::string> log_lines;

static void body(int lines) {
  for (int i = 0; i < lines; ++i) log_lines.emplace_back(100, 'x');
}

int main() {
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i) threads.emplace_back(body, 10 * i);
  body(5);
  for (std::thread& thread : threads) thread.join();
  return log_lines.size() == 5 ? 0 : 1;
}
