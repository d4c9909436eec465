// A small server that forgets to free what it should, in the ways that real programs do. Each function below says what
// it leaves behind; `memprof leaks` finds the same.

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace {

struct Session {
  std::string user;
  std::unique_ptr<char[]> buffer;
};

// A cache that only ever grows: 500 map nodes, and the pages that they hold. Still reachable when the program ends.
std::map<int, std::string>& page_cache() {
  static auto* pages = new std::map<int, std::string>;
  return *pages;
}

void serve_pages() {
  for (int page = 0; page < 500; ++page) page_cache()[page] = std::string(1000, 'x');
}

// The error path returns early: 3 sessions with their 64 KiB buffers.
bool open_session(int number) {
  auto* session = new Session;
  session->user = "guest-" + std::to_string(number);
  session->buffer = std::make_unique<char[]>(64 * 1024);
  if (number % 10 == 7) return false;
  delete session;
  return true;
}

// A shared_ptr cycle keeps itself alive: 2 nodes for each of 10 requests.
struct Request {
  std::shared_ptr<Request> peer;
  char header[200];
};

void answer_requests() {
  for (int i = 0; i < 10; ++i) {
    auto request = std::make_shared<Request>();
    request->peer = std::make_shared<Request>();
    request->peer->peer = request;
  }
}

// strdup's result is overwritten in a loop: 99 of 100 copies are lost.
void read_configuration() {
  char* value = nullptr;
  for (int line = 0; line < 100; ++line) value = strdup("listen = 127.0.0.1:8080");
  std::free(value);
}

// A log buffer grows by realloc and is never given back: one block of 128 KiB, from another thread.
char* log_buffer = nullptr;

void grow_log() {
  for (std::size_t bytes = 1024; bytes <= 128 * 1024; bytes *= 2) {
    log_buffer = static_cast<char*>(std::realloc(log_buffer, bytes));
  }
}

}  // namespace

int main() {
  serve_pages();
  for (int number = 0; number < 30; ++number) open_session(number);
  answer_requests();
  read_configuration();
  std::thread(grow_log).join();
  return 0;
}
