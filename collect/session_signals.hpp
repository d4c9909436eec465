#pragma once
// The signals that memprof takes for itself while a program runs.

#include <csignal>
#include <cstdint>
#include <optional>

#include "collect/unique_fd.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

struct ReceivedSignal {
  int number = 0;
  std::int32_t sender = 0;     ///< pid; 0: the kernel
  bool from_terminal = false;  ///< the kernel sent it, so the whole foreground group got it, the program too
};

/// From construction to destruction the signals below are blocked in the calling thread (and in threads it starts) and
/// read with next() instead. Those that were ignored when memprof started (nohup, a shell's background job) stay so.
/// Dispositions are not touched: a child that is started with inherited_mask() sees what memprof saw.
class SessionSignals {
 public:
  [[nodiscard]] static Result<SessionSignals> take();
  ~SessionSignals();
  SessionSignals(SessionSignals&&) = default;
  SessionSignals& operator=(SessionSignals&&) = delete;

  int descriptor() const { return descriptor_.get(); }  ///< readable when next() has something
  std::optional<ReceivedSignal> next();
  const sigset_t& inherited_mask() const { return inherited_mask_; }

  /// Does to memprof what `number` (SIGTSTP) would have done by default; returns when memprof is continued.
  static void stop(int number);

 private:
  SessionSignals(UniqueFd descriptor, const sigset_t& inherited_mask)
      : descriptor_(std::move(descriptor)), inherited_mask_(inherited_mask) {}

  UniqueFd descriptor_;
  sigset_t inherited_mask_;
};

}  // namespace memprof::collect
