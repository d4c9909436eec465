#pragma once
// What becomes of signals to memprof while it writes the profiles.

#include <csignal>
#include <vector>

namespace memprof::cli {

/// For its lifetime SIGINT, SIGQUIT, SIGTERM and SIGHUP do not end memprof at once: the first of them is answered with
/// a note, the second counts. Broken pipes (from then on) and file size limits become errors of write(). What was
/// ignored stays so.
///
/// Made before the program starts, so that no moment is left open. The program does not notice: exec resets handlers,
/// and run_session() holds signals back while it handles them by itself.
class WritingSignals {
 public:
  explicit WritingSignals(bool quiet);
  ~WritingSignals();
  WritingSignals(const WritingSignals&) = delete;
  WritingSignals& operator=(const WritingSignals&) = delete;

 private:
  struct Before {
    int number;
    struct sigaction action;
  };
  void handle(int number, void (*handler)(int), int flags);

  std::vector<Before> before_;
};

}  // namespace memprof::cli
