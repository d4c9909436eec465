// The program that the commands of docs/ci.md check: clean, unless the variable APP_LEAKS is set.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

class Cache {
 public:
  ~Cache() {
    for (char* entry : entries_) delete[] entry;
  }

  void fill(std::size_t entries) {
    while (entries_.size() < entries) entries_.push_back(new char[100]);
    if (std::getenv("APP_LEAKS") != nullptr) entries_.front() = new char[7];
  }

 private:
  std::vector<char*> entries_;
};

int main(int argc, char** argv) {
  if (argc != 2 || std::strcmp(argv[1], "--self-test") != 0) return 64;
  Cache cache;
  cache.fill(10);
  return 0;
}
