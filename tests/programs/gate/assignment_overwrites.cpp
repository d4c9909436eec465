// Leaky: an assignment operator forgets what the object owned.
#include <cstring>

class Text {
 public:
  explicit Text(const char* text) : data_(copy(text)) {}
  Text(const Text& other) : data_(copy(other.data_)) {}
  Text& operator=(const Text& other) {
    if (this != &other) data_ = copy(other.data_);
    return *this;
  }
  ~Text() { delete[] data_; }

 private:
  static char* copy(const char* text) {
    char* data = new char[std::strlen(text) + 1];
    return std::strcpy(data, text);
  }
  char* data_;
};

int main() {
  Text one("first"), two("second");
  one = two;
  return 0;
}
