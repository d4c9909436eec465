#pragma once
// Answers memprof_where(): says in words where a block was allocated. Looking symbols up takes a while, so it is done
// on a thread of its own; the program's other threads don't wait for it.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/shared_region.hpp"

namespace memprof::collect {

/// A question, and all that is needed to answer it.
struct OriginQuestion {
  std::uint32_t ring = 0;
  std::uint32_t number = 0;
  std::uint64_t offset = 0;  ///< of the address asked about, from the start of the block
  std::uint64_t size = 0;
  std::string hook;  ///< "malloc"
  wire::StackId stack = 0;
  std::vector<CapturedModule> modules;
};

/// Puts the answer into the ring's place and wakes whoever waits. Any thread, one per ring at a time.
void answer_question(const SharedRegion& region, std::uint32_t ring, std::uint32_t number, std::uint64_t first,
                     std::uint64_t second);

class OriginTeller {
 public:
  explicit OriginTeller(std::shared_ptr<const SharedRegion> region) : region_(std::move(region)) {}
  /// Leaves unanswered what nobody waits for any more.
  ~OriginTeller();
  OriginTeller(const OriginTeller&) = delete;
  OriginTeller& operator=(const OriginTeller&) = delete;

  /// Returns at once.
  void ask(OriginQuestion question);

 private:
  void work();
  void tell(OriginQuestion question);
  const std::string& stack_text(OriginQuestion& question);

  std::shared_ptr<const SharedRegion> region_;
  std::unordered_map<wire::StackId, std::string> known_;  ///< of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<OriginQuestion> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace memprof::collect
