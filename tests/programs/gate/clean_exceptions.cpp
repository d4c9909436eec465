// Clean: exceptions that leave through owners, are caught, kept and thrown again.
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

static void work(int round) {
  auto scratch = std::make_unique<int[]>(100);
  scratch[0] = round;
  throw std::runtime_error("round " + std::to_string(round) + " of a work that always fails");
}

int main() {
  std::exception_ptr kept;
  for (int i = 0; i < 10; ++i) {
    try {
      work(i);
    } catch (const std::exception&) {
      kept = std::current_exception();
    }
  }
  try {
    std::rethrow_exception(kept);
  } catch (const std::runtime_error& error) {
    return std::string(error.what()).starts_with("round 9") ? 0 : 1;
  }
}
