// memprof run: profiles a program from its start to its end.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/program.hpp"
#include "cli/run_command_library.hpp"
#include "cli/run_command_others.hpp"
#include "cli/run_command_output.hpp"
#include "cli/run_command_progress.hpp"
#include "cli/run_command_signals.hpp"
#include "cli/run_command_snapshots.hpp"
#include "cli/run_command_summary.hpp"
#include "cli/run_command_tree.hpp"
#include "cli/standard_streams.hpp"
#include "collect/build_profile.hpp"
#include "collect/session.hpp"
#include "collect/target_check.hpp"

namespace memprof::cli {
namespace {

constexpr std::uint64_t kUsualDepth = 16384;
constexpr std::size_t kLongestPatterns = 2000;  // the library in the program has room for this
constexpr char kDebuginfodVariable[] = "DEBUGINFOD_URLS";

struct RunOptions {
  std::string output;
  bool quiet = false;
  std::uint64_t depth = kUsualDepth;
  bool drop = false;
  bool follow = true;
  std::vector<std::string> only;
  bool debuginfod = false;
  double snapshot_every_s = 0;
  int snapshot_signal = 0;
  bool snapshot_at_peak = false;
};

/// One `memprof run`, from the checked options to the exit status.
class Run {
 public:
  Run(const RunOptions& options, const Invocation& invocation, ProfileOutput output)
      : options_(options),
        console_(invocation.console),
        command_(invocation.program),
        output_(std::move(output)),
        others_(output_, symbols()),
        snapshots_(output_, symbols()),
        progress_(options.quiet) {
    const Terminal terminal = look_at_terminal(STDERR_FILENO);
    constexpr unsigned kPrefix = 9;  // "memprof: "
    style_ = {terminal.width > kPrefix ? terminal.width - kPrefix : terminal.width, terminal.colour};
  }

  Result<int> execute(const collect::Target& target, const std::string& library);

 private:
  void say(const std::string& line);
  void note(const std::string& sentence);
  collect::SessionObserver observer();
  int report(collect::SessionResult result);
  std::string save_main(collect::CapturedProcess&& captured, std::string& next);
  std::string save_tree(ProcessTree& tree, std::uint32_t main_row,
                        const std::map<std::uint32_t, std::string>& profiles);
  collect::SymbolizerOptions symbols() const;
  collect::SymbolizeProgress progress();
  void report_errors(const std::vector<Error>& errors);

  const RunOptions& options_;
  Console& console_;
  const std::vector<std::string>& command_;
  ProfileOutput output_;
  OtherProfiles others_;
  SnapshotFiles snapshots_;
  RunProgress progress_;
  SummaryStyle style_;
  bool failed_ = false;  ///< something could not be written
};

Result<int> Run::execute(const collect::Target& target, const std::string& library) {
  for (const std::string& sentence : target.notes) note(sentence);
  collect::SessionOptions session;
  session.executable = target.path;
  session.command = command_;
  session.preload_library = library;
  session.max_depth = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.depth, UINT32_MAX));
  session.drop_when_full = options_.drop;
  session.follow_children = options_.follow;
  session.snapshot_every = std::chrono::milliseconds(static_cast<std::int64_t>(options_.snapshot_every_s * 1000));
  session.snapshot_signal = options_.snapshot_signal;
  session.snapshot_at_peak = options_.snapshot_at_peak;
  session.only = options_.only;
  for (char** entry = environ; *entry != nullptr; ++entry) session.environment.emplace_back(*entry);
  // The symbol library asks servers whenever it finds this variable; the user has to say so first.
  if (!options_.debuginfod) ::unsetenv(kDebuginfodVariable);
  const WritingSignals signals(options_.quiet);
  auto result = collect::run_session(session, observer());
  progress_.clear();
  if (!result) return tl::unexpected(result.error());
  return report(std::move(*result));
}

void Run::say(const std::string& line) {
  if (options_.quiet) return;
  progress_.give_way();
  console_.err << "memprof: " + line + '\n';
}

void Run::note(const std::string& sentence) {
  for (const std::string& line : wrapped("note: ", printable(sentence), style_.width)) say(line);
}

collect::SessionObserver Run::observer() {
  collect::SessionObserver observer;
  observer.note = [this](const std::string& sentence) { note(sentence); };
  observer.set_aside = [this](collect::CapturedProcess&& process) { others_.write_in_background(std::move(process)); };
  observer.snapshot = [this](collect::CapturedProcess&& process, const collect::SnapshotOrder& order) {
    return snapshots_.write(std::move(process), order);
  };
  if (progress_.visible()) {
    observer.status = [this](const collect::LiveStatus& status) { progress_.running(status); };
    observer.suspended = [this] { progress_.clear(); };
  }
  return observer;
}

int Run::report(collect::SessionResult result) {
  others_.wait_for_background();
  std::vector<collect::CapturedProcess> others = std::move(result.processes);
  std::string path, next;
  std::map<std::uint32_t, std::string> profiles;  // by row of the tree
  std::uint32_t main_row = 0;
  bool main_is_trivial = true;
  std::uint64_t highest = 0;
  if (result.main_process) {
    const auto at = others.begin() + static_cast<std::ptrdiff_t>(*result.main_process);
    collect::CapturedProcess main = std::move(*at);
    others.erase(at);
    main_is_trivial = main.trivial();
    highest = main.totals.peak_bytes;
    main_row = main.tree_row;
    path = save_main(std::move(main), next);
    profiles[main_row] = path;
  } else if (result.left_out) {
    note(printable(command_.front()) + " itself was not recorded: its name matches no --only");
  } else {
    report_errors({std::move(result.unrecorded).in(command_.front() + " was not profiled")});
  }
  others_.write(std::move(others), progress());
  report_errors(others_.errors());
  report_errors(snapshots_.errors());
  for (const OtherProcess& other : others_.written()) profiles[other.tree_row] = other.path;
  const std::string index = save_tree(result.tree, main_row, profiles);
  for (const std::string& line : list_tree(result.tree, style_)) say(line);
  // A shell that started the real work is not what people want to look at.
  for (const OtherProcess& other : others_.written()) {
    if (main_is_trivial && other.peak_bytes > highest) next = other.next;
    highest = std::max(highest, other.peak_bytes);
  }
  if (const std::string text = snapshots_text(snapshots_.written()); !text.empty()) say(text);
  if (!path.empty()) say("the profile is in " + printable(path));
  if (!index.empty()) say("the processes are listed in " + printable(index));
  if (!next.empty()) say("next: " + next);
  if (result.exit_status == 0 && failed_) return static_cast<int>(ExitCode::kFailed);
  return result.exit_status;
}

/// Returns where the profile is; empty: nowhere. `next` is the command to look at it with.
std::string Run::save_main(collect::CapturedProcess&& captured, std::string& next) {
  // Never destroyed: the process ends soon, and takes less time for it than hundreds of thousands of destructors.
  static const Profile* kept = nullptr;
  kept = new Profile(collect::build_profile(std::move(captured), symbols(), progress()));
  const Profile& profile = *kept;
  std::vector<Error> errors;
  auto summary = std::async([&] { return summarize(profile, style_); });
  std::string path = save_profile(profile, output_.main_path(profile.process), errors);
  report_errors(errors);
  for (const std::string& line : summary.get()) say(line);
  if (!path.empty()) next = next_command(profile, path);
  return path;
}

/// Returns where the index is; empty: there is none, as there was one process image only.
std::string Run::save_tree(ProcessTree& tree, std::uint32_t main_row,
                           const std::map<std::uint32_t, std::string>& profiles) {
  if (tree.processes.size() < 2) return {};
  tree.generator = "memprof " MEMPROF_VERSION;
  std::string path = output_.tree_path(tree.processes[main_row].process);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  for (const auto& [row, file] : profiles) {
    const bool beside = file.substr(0, file.rfind('/') + 1) == folder;
    tree.processes[row].profile = beside ? file.substr(folder.size()) : file;
  }
  auto saved = ProfileOutput::save(tree, path);
  if (!saved) {
    report_errors({std::move(saved.error())});
    return {};
  }
  if (!saved->trouble.empty()) {
    report_errors({{saved->trouble, "the index is in " + saved->path + " instead", ExitCode::kOk}});
  }
  return saved->path;
}

collect::SymbolizerOptions Run::symbols() const {
  collect::SymbolizerOptions symbols;
  symbols.debuginfod = options_.debuginfod;
  return symbols;
}

collect::SymbolizeProgress Run::progress() {
  return [this](double fraction, const std::string& what) { progress_.looking_up_symbols(fraction, what); };
}

/// Even when quiet. A profile that is elsewhere (ExitCode::kOk) is no failure.
void Run::report_errors(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    progress_.give_way();
    if (report_error(error, console_.err) != 0) failed_ = true;
  }
}

/// They travel in one environment variable, separated by colons.
Result<void> check_patterns(const std::vector<std::string>& only) {
  std::size_t bytes = 0;
  for (const std::string& pattern : only) {
    if (pattern.empty()) return failure("option --only: the pattern is empty", "leave it out to record every program");
    if (pattern.find(':') != std::string::npos) {
      return failure("option --only: '" + pattern + "' has a colon in it", "write ? in its place");
    }
    bytes += pattern.size() + 1;
  }
  if (bytes > kLongestPatterns)
    return failure("option --only: the patterns are too long", "use fewer, with a * in them");
  return {};
}

Result<int> run(const RunOptions& options, const Invocation& invocation) {
  occupy_standard_streams();
  if (auto sensible = check_patterns(options.only); !sensible) return tl::unexpected(sensible.error());
  if (invocation.program.empty()) {
    return failure("memprof run: no program given", "memprof run PROGRAM [ARGS...], as in: memprof run ls -l");
  }
  if (options.debuginfod && std::getenv(kDebuginfodVariable) == nullptr) {
    return failure(std::string("--debuginfod: there is no server to ask: ") + kDebuginfodVariable + " is not set",
                   std::string("export ") + kDebuginfodVariable + "=https://debuginfod.debian.net");
  }
  const auto target = collect::check_target(invocation.program.front());
  if (!target) return tl::unexpected(target.error());
  const auto library = find_preload_library();
  if (!library) return tl::unexpected(library.error());
  auto output = ProfileOutput::prepare(options.output);
  if (!output) return tl::unexpected(output.error());
  return Run(options, invocation, std::move(*output)).execute(*target, *library);
}

}  // namespace

Command run_command() {
  Command command;
  command.name = "run";
  command.summary = "run a program and write its profile";
  command.description =
      "Runs PROGRAM with its streams, signals, terminal and exit status as they would be without memprof, records each "
      "allocation and each free with its call stack, also in the processes that it starts, and then writes a profile "
      "and prints a summary.\n\n"
      "Each process gets a profile of its own if it did more than start another one. When there is more than one "
      "process, an index beside the profiles lists them all; every report takes the index in place of a profile and "
      "adds its processes up. --only takes '*' and '?', and looks at the name under which a program was started and "
      "that of its executable, or at the whole path if GLOB has a '/'.\n\n"
      "Ctrl-C reaches the program as usual; memprof stays until the profile is written. A second Ctrl-C ends the wait "
      "for a program, or for processes it has left behind, that do not end by themselves.\n\n"
      "While it runs, `memprof ps` lists it, and `memprof snapshot` writes its profile of that moment.\n\n"
      "The exit status is the program's: 128+N when signal N killed it. memprof's own: 127 no such program, 126 it "
      "cannot be started or profiled, 2 wrong arguments or unwritable output.";
  command.examples = {{"profile a program", "memprof run ./app --fast input.txt"},
                      {"choose the name of the profile, compressed", "memprof run -o app.json.zst ./app"},
                      {"count only, without call stacks", "memprof run --depth 0 ./app"},
                      {"only the shell itself, not what it starts", "memprof run --follow none sh build.sh"},
                      {"only the compilers of a build", "memprof run --only 'cc1*' make -j2"},
                      {"watch how a server grows", "memprof run --snapshot-every 1min ./server"}};
  command.takes_program = TakesProgram::kYes;
  command.define = [](CLI::App& parser) -> RunCommand {
    auto options = std::make_shared<RunOptions>();
    add_text(parser, "-o,--output", options->output, "FILE",
             "write the profile to FILE; .zst compresses (default: memprof.<program>.<pid>.json)");
    add_flag(parser, "-q,--quiet", options->quiet, "say nothing but errors");
    add_number(parser, "--depth", options->depth, 0, "keep at most N frames of a call stack; 0 records no stacks");
    add_flag(parser, "--drop", options->drop,
             "drop events rather than let the program wait when it is faster than memprof");
    add_choice<bool>(parser, "--follow", options->follow, {{"all", true}, {"none", false}},
                     "profile the processes that the program starts, too (default: all)");
    add_seconds(parser, "--snapshot-every", options->snapshot_every_s,
                "write a snapshot whenever TIME has passed, such as 500ms, 5s or 2min");
    add_choice<int>(parser, "--snapshot-on", options->snapshot_signal, {{"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}},
                    "write a snapshot whenever memprof itself gets this signal; the program does not get it then");
    add_flag(parser, "--snapshot-at-peak", options->snapshot_at_peak,
             "also write the profile of the moment at which the heap was largest");
    add_list(parser, "--only", options->only, "GLOB",
             "profile only programs of this name, whoever starts them; may be repeated");
    add_flag(parser, "--debuginfod", options->debuginfod, "download missing debug information (asks $DEBUGINFOD_URLS)");
    return [options](const Invocation& invocation) { return run(*options, invocation); };
  };
  return command;
}

}  // namespace memprof::cli
