#include "profile/ordered_output.hpp"

#include <atomic>
#include <cstddef>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace memprof {
namespace {

class OrderedOutput {
 public:
  OrderedOutput(std::span<const Piece> pieces, const ByteSink& sink) : pieces_(pieces), sink_(sink) {}

  void write_pieces() {
    std::size_t piece = 0;
    JsonText text([&](std::string_view bytes) {
      wait_for_turn(piece);
      if (status_) status_ = sink_(bytes);
      return Result<void>();
    });
    while ((piece = next_.fetch_add(1, std::memory_order_relaxed)) < pieces_.size()) {
      pieces_[piece](text);
      text.flush();
      wait_for_turn(piece);
      turn_.store(piece + 1, std::memory_order_release);
      turn_.notify_all();
    }
  }

  Result<void> status() && { return std::move(status_); }

 private:
  void wait_for_turn(std::size_t piece) const {
    // The acquire hands status_ and the sink over from thread to thread.
    for (std::size_t turn; (turn = turn_.load(std::memory_order_acquire)) != piece;) turn_.wait(turn);
  }

  std::span<const Piece> pieces_;
  const ByteSink& sink_;
  std::atomic<std::size_t> next_{0};  ///< piece that nobody has taken yet
  std::atomic<std::size_t> turn_{0};  ///< piece whose thread may use what follows
  Result<void> status_;
};

}  // namespace

Result<void> write_in_order(std::span<const Piece> pieces, unsigned threads, const ByteSink& sink) {
  if (threads < 2) {
    JsonText text(sink);
    for (const Piece& piece : pieces) piece(text);
    return text.finish();
  }
  OrderedOutput output(pieces, sink);
  {
    std::vector<std::jthread> helpers;
    try {
      for (unsigned helper = 1; helper < threads; ++helper) {
        helpers.emplace_back([&] {
          try {
            output.write_pieces();
          } catch (const std::bad_alloc&) {
            return;  // it had no buffer, so it took no piece
          }
        });
      }
    } catch (const std::system_error&) {
      // No more threads to be had: those that there are do the work.
    }
    output.write_pieces();
  }
  return std::move(output).status();
}

}  // namespace memprof
