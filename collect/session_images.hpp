#pragma once
// The process images of a session: which are being recorded now, and what those that ended have left.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/control_server.hpp"
#include "collect/handshake_server.hpp"
#include "collect/process_recorder.hpp"
#include "collect/session.hpp"
#include "collect/session_tree.hpp"

namespace memprof::collect {

/// How a process ended, in the terms of profile/profile.hpp.
struct Ending {
  EndKind kind = EndKind::kUnknown;
  std::int32_t value = 0;
};

/// From a wait status as of waitpid(2).
[[nodiscard]] Ending ending_of(int wait_status);

class SessionImages {
 public:
  using Clock = std::chrono::steady_clock;

  /// `epoll` gets the pidfd of each image, with the image's pid as its data.
  SessionImages(const SessionOptions& options, int epoll, const SessionObserver& observer, SessionSnapshots& snapshots)
      : options_(options), epoll_(epoll), observer_(observer), snapshots_(snapshots) {}

  /// The started process: its images are told apart from the others', and its end is the caller's to report.
  void set_main(pid_t pid) { main_pid_ = pid; }

  /// Records the peer's image from here on, or turns it down. An earlier image of the same process ends here.
  void admit(Peer peer);

  /// A process starts a program in which the library is not loaded: it has a row in the tree, nothing more.
  void note_unloadable(const UnloadableProgram& program);

  /// The process has ended.
  void end(pid_t pid, std::optional<Ending> known = std::nullopt);
  /// The started process has ended; its pid may belong to another one from now on.
  void end_main(Ending ending);
  /// Ends the recording of all that still run. `reason` is a sentence for their profiles.
  void abandon(const std::string& reason);

  /// Looks for processes that have executed a program which does not say Hello, and ends their images. To be called
  /// now and then: the second time that one is seen so, it is certain.
  void look_for_strangers();

  std::size_t alive() const;  ///< that may have more to tell
  bool recording(pid_t pid) const;
  std::string names_alive() const;  ///< "redis-server (pid 17), sh (pid 18)", the first few
  void add_to(LiveStatus& status) const;

  /// Answer to kControlList.
  ControlMessage list() const;
  /// Answer, at once or when it is written, to kControlSnapshot.
  void order_snapshot(ControlRequest request);
  /// Of the started process, and of the others that have more to tell than their start.
  void order_snapshots(SnapshotKind kind);

  std::vector<CapturedProcess> take_captured() { return std::move(captured_); }
  /// The thread that may still be giving back what the recorder of the main process took.
  std::jthread take_disposal() { return std::move(disposal_); }
  std::optional<std::size_t> main_captured() const { return main_captured_; }
  const std::optional<Error>& main_refusal() const { return main_refusal_; }
  bool main_left_out() const { return main_left_out_; }
  /// When all have ended.
  ProcessTree take_tree() { return tree_.take(); }

 private:
  enum class Kind : std::uint8_t {
    kRecorded,
    kListed,      ///< of no interest itself, but what it starts may be
    kUnloadable,  ///< without the library
  };
  struct Image {
    Process process;
    Kind kind = Kind::kRecorded;
    SessionTree::Row row = 0;
    UniqueFd pidfd;
    std::unique_ptr<ProcessRecorder> recorder;  ///< of kRecorded
    std::optional<UnloadableProgram> becomes;   ///< what it is about to execute
    std::optional<std::uint64_t> gone;          ///< SessionTree::now() when its end was seen first
    Clock::time_point start;
    std::string short_name;       ///< at the start
    bool looked_strange = false;  ///< runs another executable than it did at its Hello
    bool main = false;
  };
  using Images = std::vector<Image>;

  Images::iterator find(pid_t pid);
  void describe(Image& image, wire::Origin origin, bool replaces_another);
  /// Seen now, they were gone before whatever begins after this.
  void note_ends();
  Result<void> record(Image& image, const Peer& peer);
  void add(Image&& image, UniqueFd pidfd);
  void add_unloadable(const UnloadableProgram& program, pid_t pid, std::optional<SessionTree::Row> replaced,
                      std::optional<Ending> ending);
  void finish(Images::iterator image, Ending ending, const std::string& incomplete_reason = {});
  void keep(CapturedProcess&& captured, bool main);
  /// Gives back what may be hundreds of megabytes, which nobody need wait for when all has ended. Before that it goes
  /// at once: a recorder has descriptors, of which there may be few.
  void dispose(std::unique_ptr<ProcessRecorder> recorder);
  std::size_t recorded() const;
  static bool has_become(const Image& ended, const Ending& ending);
  void note_unheard(const CapturedProcess& captured);
  void note_stranger(const Image& image, const std::string& program);
  void refuse(const Image& image, const Peer& peer, const Error& reason);

  const SessionOptions& options_;
  int epoll_;
  const SessionObserver& observer_;
  SessionSnapshots& snapshots_;
  pid_t main_pid_ = 0;
  Images images_;
  std::vector<CapturedProcess> captured_;
  std::optional<std::size_t> main_captured_;
  std::optional<Error> main_refusal_;
  bool main_left_out_ = false;
  SessionTree tree_;
  std::uint64_t ended_events_ = 0;
  std::uint64_t kept_bytes_ = 0;
  std::jthread disposal_;
};

}  // namespace memprof::collect
