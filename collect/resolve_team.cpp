#include "collect/resolve_team.hpp"

#include <new>

namespace memprof::collect {

ResolveTeam::ResolveTeam(LiveSet& live_set, Relocations& relocations, unsigned threads)
    : live_set_(live_set), relocations_(relocations), threads_(threads) {}

ResolveTeam::~ResolveTeam() {
  stopping_ = true;
  batch_.fetch_add(1);
  batch_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void ResolveTeam::start_helpers() {
  for (auto part = static_cast<unsigned>(helpers_.size()) + 1; part < threads_; ++part) {
    helpers_.emplace_back([this, part] { help(part); });
  }
}

void ResolveTeam::resolve(std::span<Event> events, bool share) {
  if (!share || threads_ < 2) {
    live_set_.resolve(events, relocations_);
    return;
  }
  start_helpers();
  events_ = events;
  pending_.store(threads_ - 1, std::memory_order_relaxed);
  batch_.fetch_add(1, std::memory_order_release);  // pairs with the helpers' acquire load
  batch_.notify_all();
  resolve_part(0);
  for (std::uint32_t left = pending_.load(std::memory_order_acquire); left != 0;
       left = pending_.load(std::memory_order_acquire)) {
    pending_.wait(left, std::memory_order_acquire);
  }
  if (out_of_memory_) throw std::bad_alloc();
}

void ResolveTeam::help(unsigned part) {
  std::uint32_t seen = 0;
  for (;;) {
    batch_.wait(seen, std::memory_order_acquire);
    seen = batch_.load(std::memory_order_acquire);
    if (stopping_) return;
    resolve_part(part);
    // The release hands the part's results over.
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

void ResolveTeam::resolve_part(unsigned part) {
  try {
    live_set_.resolve(events_, relocations_, part, threads_);
  } catch (const std::bad_alloc&) {
    out_of_memory_ = true;
  }
}

}  // namespace memprof::collect
