#include "profile/ordered_output.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace memprof {
namespace {

/// Whoever hands over the piece that is due writes it, and all that follow it and are there. So threads never wait for
/// each other, unless one is far ahead.
class OrderedOutput {
 public:
  OrderedOutput(std::span<const Piece> pieces, const ByteSink& sink) : pieces_(pieces), sink_(sink) {}

  void work() {
    try {
      write_pieces();
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex_);
      out_of_memory_ = true;
      next_ = pieces_.size();
      progress_.notify_all();
    }
  }

  Result<void> status() && {
    if (status_ && out_of_memory_) return failure("there is not enough memory to write it");
    return std::move(status_);
  }

 private:
  static constexpr std::size_t kMostAhead = 16;

  struct Slot {
    std::string text;
    bool full = false;
  };

  void write_pieces() {
    std::string text;
    JsonText out([&](std::string_view bytes) {
      text += bytes;
      return Result<void>();
    });
    while (const auto piece = take()) {
      text.clear();
      pieces_[*piece](out);
      out.flush();
      hand_over(*piece, text);
    }
  }

  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    progress_.wait(lock, [&] { return next_ == pieces_.size() || next_ < written_ + kMostAhead; });
    return next_ == pieces_.size() ? std::nullopt : std::optional(next_++);
  }

  /// Leaves some earlier text behind, for its room.
  void hand_over(std::size_t piece, std::string& text) {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[piece % kMostAhead];
    slot.text.swap(text);
    slot.full = true;
    if (writing_) return;
    writing_ = true;
    for (Slot* due = &slots_[written_ % kMostAhead]; due->full; due = &slots_[written_ % kMostAhead]) {
      lock.unlock();
      if (status_) status_ = sink_(due->text);
      lock.lock();
      due->full = false;
      ++written_;
      progress_.notify_all();
    }
    writing_ = false;
  }

  std::span<const Piece> pieces_;
  const ByteSink& sink_;
  Result<void> status_;  ///< belongs to whoever is writing
  std::mutex mutex_;     ///< of all that follows, but for the text of a full slot
  std::condition_variable progress_;
  std::array<Slot, kMostAhead> slots_;  ///< of the pieces from written_ on
  std::size_t next_ = 0;                ///< piece that nobody has taken yet
  std::size_t written_ = 0;             ///< pieces so far
  bool writing_ = false;
  bool out_of_memory_ = false;
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
      for (unsigned helper = 1; helper < threads; ++helper) helpers.emplace_back([&] { output.work(); });
    } catch (const std::system_error&) {
      // No more threads to be had: those that there are do the work.
    }
    output.work();
  }
  return std::move(output).status();
}

}  // namespace memprof
