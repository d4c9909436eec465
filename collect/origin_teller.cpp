#include "collect/origin_teller.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "collect/build_profile.hpp"
#include "collect/futex.hpp"
#include "collect/stack_tree.hpp"

namespace memprof::collect {
namespace {

constexpr int kFramesShown = 16;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string frame_text(const Profile& profile, const Frame& frame) {
  std::string text = profile.text(frame.function);
  if (text.empty() && frame.module != kNoIndex) text = base_name(profile.text(profile.modules[frame.module].path));
  if (text.empty()) text = "?";
  if (frame.file == 0) return text;
  return text + "  " + base_name(profile.text(frame.file)) + ':' + std::to_string(frame.line);
}

/// One indented line a frame, the innermost first.
std::string text_of(const Profile& profile) {
  std::string text;
  if (profile.sites.empty()) return text;
  NodeIndex node = profile.sites.front().stack;
  for (int shown = 0; profile.stacks[node].frame != kNoIndex; node = profile.stacks[node].parent) {
    if (++shown > kFramesShown) return text + "\n    ...";
    text += "\n    " + frame_text(profile, profile.frames[profile.stacks[node].frame]);
  }
  return text;
}

}  // namespace

void answer_question(const SharedRegion& region, std::uint32_t ring, std::uint32_t number, std::uint64_t first,
                     std::uint64_t second) {
  wire::RingHeader& header = region.ring(ring);
  header.answer[0].store(first, std::memory_order_relaxed);
  header.answer[1].store(second, std::memory_order_relaxed);
  // Pairs with the acquire load of whoever asked.
  header.answered.store(number, std::memory_order_release);
  futex_wake_all(header.answered);
}

OriginTeller::~OriginTeller() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OriginTeller::ask(OriginQuestion question) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  questions_.push_back(std::move(question));
  changed_.notify_all();
}

void OriginTeller::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !questions_.empty() || stopping_; });
    if (stopping_) return;
    OriginQuestion question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    tell(std::move(question));
  }
}

void OriginTeller::tell(OriginQuestion question) {
  std::string text = std::to_string(question.size) + (question.size == 1 ? " byte, " : " bytes, ") + question.hook;
  if (question.offset != 0) text = "byte " + std::to_string(question.offset) + " of " + text;
  text += stack_text(question);
  text.resize(std::min(text.size(), wire::kAnswerBytes - 1));
  std::memcpy(region_->answer(question.ring), text.c_str(), text.size() + 1);
  answer_question(*region_, question.ring, question.number, text.size(), 0);
}

const std::string& OriginTeller::stack_text(OriginQuestion& question) {
  const auto [entry, is_new] = known_.try_emplace(question.stack);
  if (!is_new) return entry->second;
  CapturedProcess captured;
  captured.modules = std::move(question.modules);
  RegionDamage damage;
  captured.stacks = read_stack_tree(*region_, {&question.stack, 1}, captured.modules.size(), damage).nodes;
  captured.hook_names.push_back(question.hook);
  captured.sites.emplace_back().stack = question.stack;
  entry->second = text_of(build_profile(std::move(captured), {}, {}));
  return entry->second;
}

}  // namespace memprof::collect
