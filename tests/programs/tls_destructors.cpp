// Threads whose thread-local data is freed by destructors as they end: C++ thread_local objects, pthread keys, and keys
// whose destructor allocates again and so runs another round.
//
// Expected: `own` figures as counted, nothing of ours live at the end: no free is missed, however late it is.

#include <pthread.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

namespace {

constexpr int kThreads = 50;
pthread_key_t key;

struct Owner {
  ~Owner() {
    counted_free(block, 300);
    counted_free(counted(opaque(malloc(30)), 30), 30);
  }
  void* block = counted(opaque(malloc(300)), 300);
};

thread_local Owner owner;

struct Round {
  long left;
};

void* new_round(long left) {
  void* block = counted(opaque(malloc(sizeof(Round))), sizeof(Round));
  static_cast<Round*>(block)->left = left;
  return block;
}

void end_round(void* argument) {
  long left = static_cast<Round*>(argument)->left;
  counted_free(argument, sizeof(Round));
  if (left > 0) pthread_setspecific(key, new_round(left - 1));
}

void* body(void*) {
  opaque(&owner);
  pthread_setspecific(key, new_round(2));
  return nullptr;
}

}  // namespace

int main() {
  pthread_key_create(&key, end_round);
  run_threads(kThreads, body);
  report_counts();
  return 0;
}
