#include "collect/session_images.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "collect/session_pidfd.hpp"
#include "collect/session_process.hpp"
#include "collect/target_check.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint64_t kAddressShare = 8;  // a region takes at most this part of a limited address space
constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kKeptWithDetails = 64;  // of processes that did next to nothing

std::uint64_t region_bytes(const wire::Capacity& capacity) {
  wire::Header header{};
  wire::lay_out(header, capacity);
  return header.region_bytes;
}

wire::Capacity fitting_capacity(std::uint64_t address_space_limit) {
  rlimit file_size{};  // memprof's own: it makes the region, which counts as a file
  const bool limited = ::getrlimit(RLIMIT_FSIZE, &file_size) == 0 && file_size.rlim_cur != RLIM_INFINITY;
  const std::uint64_t usual = region_bytes(wire::kUsualCapacity);
  const bool fits = usual <= address_space_limit / kAddressShare && (!limited || usual <= file_size.rlim_cur);
  return fits ? wire::kUsualCapacity : wire::kSmallCapacity;
}

/// A build makes thousands of processes that map the same few files: keep only descriptors of files that cannot be
/// opened by their path any more.
void close_files_still_in_place(std::vector<CapturedModule>& modules) {
  for (CapturedModule& module : modules) {
    struct stat opened {
    }, named{};
    if (!module.file || ::fstat(module.file.get(), &opened) != 0) continue;
    if (::stat(module.path.c_str(), &named) != 0) continue;
    if (opened.st_dev == named.st_dev && opened.st_ino == named.st_ino) module.file.reset();
  }
}

/// Of a process of which only the name will be told.
void forget_details(CapturedProcess& captured) {
  captured.modules = std::vector<CapturedModule>();
  captured.stacks = std::vector<CapturedStack>();
  captured.sites = std::vector<Site>();
  captured.mapped_sites = std::vector<Site>();
  captured.timeline = std::vector<TimelinePoint>();
}

/// As the rest of a sentence that begins with the program.
const char* reason_of(wire::Unloadable reason) {
  switch (reason) {
    case wire::Unloadable::kOtherMachine:
      return "is built for 32 bits or another machine";
    case wire::Unloadable::kStatic:
      return "is a static program";
    case wire::Unloadable::kPrivileged:
      return "has privileges of its own (setuid, setgid or capabilities)";
    case wire::Unloadable::kNot:
      break;
  }
  return "does not load the library";
}

}  // namespace

Ending ending_of(int wait_status) {
  if (WIFEXITED(wait_status)) return {EndKind::kExited, WEXITSTATUS(wait_status)};
  if (WIFSIGNALED(wait_status)) return {EndKind::kSignalled, WTERMSIG(wait_status)};
  return {};
}

void SessionImages::admit(Peer peer) {
  note_ends();
  std::optional<SessionTree::Row> replaced;
  if (const auto earlier = find(peer.pid); earlier != images_.end()) {
    if (has_ended(earlier->pidfd.get())) {
      end(peer.pid);  // its number was given to a new process before we heard of its end
    } else {
      replaced = earlier->row;
      earlier->becomes.reset();
      finish(earlier, {EndKind::kReplaced, 0});
    }
  }
  if (!options_.follow_children && peer.pid != main_pid_) {
    answer(peer, wire::Verdict::kIgnore);
    return;
  }
  Image image;
  image.process.pid = peer.pid;
  image.main = peer.pid == main_pid_;
  describe(image, peer.hello.origin, replaced.has_value());
  image.row = tree_.begin(image.process, peer.hello.forked_from, replaced);
  if (peer.hello.wish == wire::Wish::kList) {
    image.kind = Kind::kListed;
    tree_.leave_out(image.row, "has a name that --only does not match");
    main_left_out_ = main_left_out_ || image.main;
    answer(peer, wire::Verdict::kIgnore);
  } else if (const auto recorded = record(image, peer); !recorded) {
    refuse(image, peer, recorded.error());
    image.kind = Kind::kUnloadable;
  }
  add(std::move(image), std::move(peer.process));
}

Result<void> SessionImages::record(Image& image, const Peer& peer) {
  RecorderOptions recorder_options;
  recorder_options.capacity = fitting_capacity(peer.hello.address_space_limit);
  recorder_options.max_depth = options_.max_depth;
  recorder_options.full_ring = options_.drop_when_full ? wire::FullRing::kDrop : wire::FullRing::kWait;
  recorder_options.keep_peak = options_.snapshot_at_peak;
  recorder_options.forked = peer.hello.origin == wire::Origin::kFork;
  recorder_options.tree = &tree_.heap();
  recorder_options.member = image.row;
  auto recorder = ProcessRecorder::create(recorder_options);
  if (!recorder) return tl::unexpected(std::move(recorder.error()));
  image.recorder = std::move(*recorder);
  tree_.record(image.row);
  image.recorder->on_snapshot(snapshots_.taker(image.process, image.main, image.start));
  // From the answer on the target writes into the region. If it is gone by now, its end will be seen soon enough.
  image.recorder->start(peer.pid);
  answer(peer, wire::Verdict::kRecord, image.recorder->region_bytes(), image.recorder->descriptor());
  image.recorder->release_descriptor();
  return {};
}

void SessionImages::add(Image&& image, UniqueFd pidfd) {
  if (!image.main) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(image.process.pid);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd.get(), &event);
  }
  image.pidfd = std::move(pidfd);
  images_.push_back(std::move(image));
}

void SessionImages::note_ends() {
  std::vector<pollfd> polls;
  for (const Image& image : images_) polls.push_back({image.pidfd.get(), POLLIN, 0});
  if (::poll(polls.data(), polls.size(), 0) <= 0) return;
  const std::uint64_t now = tree_.now();
  for (std::size_t i = 0; i < polls.size(); ++i) {
    if (polls[i].revents != 0 && !images_[i].gone) images_[i].gone = now;
  }
}

void SessionImages::note_unloadable(const UnloadableProgram& program) {
  if (program.child == 0) {
    const auto sender = find(program.pid);
    if (sender != images_.end() && !has_ended(sender->pidfd.get())) {
      // exec may fail yet, and the process go on as it is.
      sender->becomes = program;
      return;
    }
    add_unloadable(program, program.pid, std::nullopt, std::nullopt);
    return;
  }
  // The number is the sender's word.
  const pid_t parent = parent_of(program.child);
  if (parent == program.pid) add_unloadable(program, program.child, std::nullopt, std::nullopt);
}

/// `ending`: it has ended already, in this way.
void SessionImages::add_unloadable(const UnloadableProgram& program, pid_t pid,
                                   std::optional<SessionTree::Row> replaced, std::optional<Ending> ending) {
  if (!replaced) {
    end(pid);                                // of an earlier owner of the number
    if (find(pid) != images_.end()) return;  // it has become yet another program meanwhile, which said Hello
  }
  Image image;
  image.process.pid = pid;
  image.kind = Kind::kUnloadable;
  image.main = pid == main_pid_;
  describe(image, wire::Origin::kExec, replaced.has_value());
  image.process.program = program.path.substr(program.path.rfind('/') + 1);
  image.process.executable = program.path;
  image.process.command = program.command;
  image.row = tree_.begin(image.process, replaced ? 0 : program.pid, replaced);
  tree_.leave_out(image.row, reason_of(program.reason));
  UniqueFd pidfd = open_pidfd(pid);
  if (ending || !pidfd) {
    image.process.end_kind = ending.value_or(Ending{}).kind;
    image.process.end_value = ending.value_or(Ending{}).value;
    tree_.end(image.row, image.process, nullptr, tree_.now());
    return;
  }
  add(std::move(image), std::move(pidfd));
}

void SessionImages::describe(Image& image, wire::Origin origin, bool replaces_another) {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  image.process = describe_process(image.process.pid);
  image.short_name = short_name_of(image.process.pid);
  image.process.forked = origin == wire::Origin::kFork;
  if (image.process.forked) {
    // The kernel's name for it may be that of a thread; it runs what its parent runs.
    const auto parent = find(image.process.parent_pid);
    if (parent != images_.end()) image.process.program = parent->process.program;
  }
  const std::int64_t now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  // Only the first image of a process began when the process did; a forked one counts from its first event on.
  if (image.process.forked || replaces_another) image.process.start_unix_ms = now;
  image.start = Clock::now() - milliseconds(std::max<std::int64_t>(now - image.process.start_unix_ms, 0));
}

void SessionImages::end(pid_t pid, std::optional<Ending> known) {
  const auto image = find(pid);
  // It may be a new process by now: the news of an end can be older than the Hello of the number's next owner.
  if (image == images_.end() || (!known && !has_ended(image->pidfd.get()))) return;
  if (!known) {
    const auto status = wait_status_of(pid, image->pidfd.get());
    known = status ? ending_of(*status) : Ending{};
  }
  finish(image, *known);
}

void SessionImages::end_main(Ending ending) {
  const auto image = find(main_pid_);
  if (image != images_.end() && image->recorder != nullptr && !image->becomes) {
    // Too short-lived to have been seen by look_for_strangers(), but the kernel keeps the name.
    const std::string name = short_name_of(main_pid_);
    if (!name.empty() && name != image->short_name) {
      observer_.note(image->process.program + " ended under the name " + name +
                     ": if it executed another program, that one was not recorded");
    }
  }
  end(main_pid_, ending);
  main_pid_ = 0;
}

void SessionImages::abandon(const std::string& reason) {
  while (!images_.empty()) {
    const pid_t pid = images_.back().process.pid;
    if (has_ended(images_.back().pidfd.get())) {
      end(pid);
    } else {
      finish(images_.end() - 1, {EndKind::kStillRunning, 0}, reason);
    }
  }
}

void SessionImages::look_for_strangers() {
  for (std::size_t i = images_.size(); i-- > 0;) {
    Image& image = images_[i];
    if (image.recorder == nullptr) continue;
    const std::string executable = executable_of(image.process.pid);
    const bool strange = !executable.empty() && executable != image.process.executable;
    if (strange && image.becomes) {
      const UnloadableProgram program = *std::exchange(image.becomes, std::nullopt);
      const pid_t pid = image.process.pid;
      const SessionTree::Row row = image.row;
      finish(images_.begin() + static_cast<std::ptrdiff_t>(i), {EndKind::kReplaced, 0});
      add_unloadable(program, pid, row, std::nullopt);
    } else if (strange && image.looked_strange) {
      note_stranger(image, executable);
      finish(images_.begin() + static_cast<std::ptrdiff_t>(i), {EndKind::kReplaced, 0});
    } else {
      image.looked_strange = strange;
    }
  }
}

void SessionImages::note_stranger(const Image& image, const std::string& program) {
  const auto target = check_target(program);
  observer_.note("process " + std::to_string(image.process.pid) + " (" + image.process.program + ") became " + program +
                 ", which runs unrecorded" + (target ? "" : ": " + target.error().what));
}

bool SessionImages::recording(pid_t pid) const {
  return std::any_of(images_.begin(), images_.end(), [&](const Image& image) { return image.process.pid == pid; });
}

std::size_t SessionImages::recorded() const {
  return static_cast<std::size_t>(
      std::count_if(images_.begin(), images_.end(), [](const Image& image) { return image.kind == Kind::kRecorded; }));
}

std::size_t SessionImages::alive() const {
  return static_cast<std::size_t>(std::count_if(images_.begin(), images_.end(),
                                                [](const Image& image) { return image.kind != Kind::kUnloadable; }));
}

std::string SessionImages::names_alive() const {
  std::string names;
  std::size_t shown = 0;
  for (const Image& image : images_) {
    if (image.kind == Kind::kUnloadable) continue;
    if (shown++ == kNamesShown) return names + ", …";
    if (!names.empty()) names += ", ";
    names += image.process.program + " (pid " + std::to_string(image.process.pid) + ')';
  }
  return names;
}

void SessionImages::add_to(LiveStatus& status) const {
  status.events += ended_events_;
  for (const Image& image : images_) {
    if (image.recorder == nullptr) continue;
    ++status.processes;
    const RecorderStatus now = image.recorder->status();
    status.live_bytes += now.live_bytes;
    status.events += now.events;
    status.peak_bytes = std::max(status.peak_bytes, now.peak_bytes);
  }
}

SessionImages::Images::iterator SessionImages::find(pid_t pid) {
  return std::find_if(images_.begin(), images_.end(), [&](const Image& image) { return image.process.pid == pid; });
}

void SessionImages::finish(Images::iterator image, Ending ending, const std::string& incomplete_reason) {
  const std::uint64_t gone = image->gone.value_or(tree_.now());
  Image ended = std::move(*image);
  images_.erase(image);
  const bool replaced = ended.becomes && has_become(ended, ending);
  ended.process.duration_s = std::chrono::duration<double>(Clock::now() - ended.start).count();
  ended.process.end_kind = replaced ? EndKind::kReplaced : ending.kind;
  ended.process.end_value = replaced ? 0 : ending.value;
  if (ended.recorder == nullptr) {
    tree_.end(ended.row, ended.process, nullptr, gone);
  } else {
    CapturedProcess captured = ended.recorder->finish();
    if (!ended.main) captured.await_sites();  // it may be kept for long, or forgotten
    captured.tree_row = ended.row;
    captured.process = ended.process;
    if (!incomplete_reason.empty()) {
      captured.capture.complete = false;
      captured.capture.incomplete_reasons.push_back(incomplete_reason);
    }
    tree_.end(ended.row, ended.process, &captured, gone);
    if (captured.unheard_programs > 0) note_unheard(captured);
    close_files_still_in_place(captured.modules);
    ended_events_ += captured.events();
    keep(std::move(captured), ended.main);
    if (ended.main) dispose(std::move(ended.recorder));
  }
  if (replaced) add_unloadable(*ended.becomes, ended.process.pid, ended.row, ending);
}

void SessionImages::note_unheard(const CapturedProcess& captured) {
  const std::uint32_t count = captured.unheard_programs;
  observer_.note(captured.process.program + " (pid " + std::to_string(captured.process.pid) + ") started " +
                 (count == 1 ? "a program" : std::to_string(count) + " programs") +
                 " as another user, whom memprof does not listen to: not recorded");
}

/// Whether it really has become what it was about to: a zombie keeps the name of what it was last.
bool SessionImages::has_become(const Image& ended, const Ending& ending) {
  if (ending.kind == EndKind::kReplaced || ending.kind == EndKind::kStillRunning) return false;
  const std::string name = short_name_of(ended.process.pid);
  const std::string& path = ended.becomes->path;
  return name.empty() || name != ended.short_name || path.compare(path.rfind('/') + 1, name.size(), name) == 0;
}

void SessionImages::keep(CapturedProcess&& captured, bool main) {
  const std::uint64_t bytes = captured.bytes();
  if (main) {
    main_captured_ = captured_.size();
  } else if (captured.trivial()) {
    if (captured_.size() >= kKeptWithDetails) forget_details(captured);
  } else if (observer_.set_aside && kept_bytes_ + bytes > options_.most_kept_bytes) {
    observer_.set_aside(std::move(captured));
    return;
  }
  kept_bytes_ += bytes;
  captured_.push_back(std::move(captured));
}

void SessionImages::dispose(std::unique_ptr<ProcessRecorder> recorder) {
  try {
    disposal_ = std::jthread([recorder = std::move(recorder)]() mutable { recorder.reset(); });
  } catch (const std::system_error&) {  // no thread to be had: it went with the function that was meant for one
  }
}

void SessionImages::refuse(const Image& image, const Peer& peer, const Error& reason) {
  tree_.leave_out(image.row, reason.what);
  answer(peer, wire::Verdict::kIgnore);
  if (peer.pid == main_pid_) {
    main_refusal_ = reason;
  } else {
    observer_.note("process " + std::to_string(peer.pid) + " runs unrecorded: " + reason.what);
  }
}

}  // namespace memprof::collect
