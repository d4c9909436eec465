// What a session answers over its control socket.

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "collect/control_message.hpp"
#include "collect/session_images.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kCommandShown = 256;  // bytes of a command line
constexpr std::size_t kWordsShown = 32;
// What a process is not yet worth a snapshot for at an interval: as CapturedProcess::trivial().
constexpr std::uint64_t kFewEvents = 1000;
constexpr std::uint64_t kLittleMemory = 1024 * 1024;

/// The first words of a command, so that an answer stays small.
std::vector<std::string> first_words(const std::vector<std::string>& command) {
  std::vector<std::string> words;
  std::size_t bytes = 0;
  for (const std::string& word : command) {
    if (words.size() == kWordsShown || bytes >= kCommandShown) break;
    words.push_back(word.substr(0, kCommandShown - bytes));
    bytes += words.back().size();
  }
  return words;
}

std::size_t bytes_of(const ControlMessage& message) {
  std::size_t bytes = 0;
  for (const std::string& text : message) bytes += text.size() + 1;
  return bytes;
}

}  // namespace

ControlMessage SessionImages::list() const {
  ControlMessage answer{std::string(kControlDone), std::to_string(recorded())};
  std::size_t bytes = 256;  // what precedes the processes, and to spare
  std::vector<const Image*> ordered;
  for (const Image& image : images_) {
    if (image.kind == Kind::kRecorded) ordered.push_back(&image);
  }
  std::stable_partition(ordered.begin(), ordered.end(), [](const Image* image) { return image->main; });
  for (const Image* image : ordered) {
    const RecorderStatus now = image->recorder->status();
    const std::vector<std::string> words = first_words(image->process.command);
    ControlMessage process{std::to_string(image->process.pid),
                           image->process.program,
                           std::to_string(image->process.start_unix_ms),
                           std::to_string(now.live_bytes),
                           std::to_string(now.peak_bytes),
                           std::to_string(now.snapshots),
                           std::to_string(::getpid()),
                           std::to_string(words.size())};
    process.insert(process.end(), words.begin(), words.end());
    bytes += bytes_of(process);
    if (bytes > kControlLimit) break;
    answer.insert(answer.end(), process.begin(), process.end());
  }
  return answer;
}

void SessionImages::order_snapshot(ControlRequest request) {
  const auto refuse_it = [&](const Error& error) { send_message(request.connection.get(), failed_message(error)); };
  constexpr std::size_t kTexts = 6;
  const ControlMessage& texts = request.message;
  const auto pid = texts.size() == kTexts ? control_number<pid_t>(texts[1]) : std::nullopt;
  if (!pid) return refuse_it({"the request cannot be understood", "use the memprof that runs the program, too"});
  const auto image = find(*pid);
  if (image == images_.end() || image->kind != Kind::kRecorded) {
    return refuse_it({"process " + texts[1] + " is not being profiled any more", "memprof ps lists what is"});
  }
  if (!texts[2].empty() && !snapshot_name_problem(texts[2]).empty()) {
    return refuse_it({"the snapshot's name cannot be used: " + snapshot_name_problem(texts[2]), ""});
  }
  SnapshotOrder order;
  order.kind = SnapshotKind::kCommand;
  order.name = texts[2];
  order.path = texts[3];
  order.directory = texts[4];
  order.replace = texts[5] == "1";
  order.answer_to = std::move(request.connection);
  image->recorder->request_snapshot(std::move(order));
}

void SessionImages::order_snapshots(SnapshotKind kind) {
  for (const Image& image : images_) {
    if (image.kind != Kind::kRecorded) continue;
    const RecorderStatus now = image.recorder->status();
    if (!image.main && now.events < kFewEvents && now.peak_bytes < kLittleMemory) continue;
    SnapshotOrder order;
    order.kind = kind;
    image.recorder->request_snapshot(std::move(order));
  }
}

}  // namespace memprof::collect
