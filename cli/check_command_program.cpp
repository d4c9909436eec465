#include "cli/check_command_program.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/printable.hpp"
#include "cli/run_command_library.hpp"
#include "cli/run_command_progress.hpp"
#include "cli/run_command_signals.hpp"
#include "cli/standard_streams.hpp"
#include "collect/build_profile.hpp"
#include "report/gate_judge.hpp"

namespace memprof::cli {
namespace {

/// `memprof check` has its own exit statuses: 126 and 127 are those of a program that it never has.
tl::unexpected<Error> as_usage(Error error) {
  error.code = ExitCode::kUsage;
  return tl::unexpected(std::move(error));
}

std::string status_text(const std::string& program, int status) {
  if (status > 128) return program + " was killed by signal " + std::to_string(status - 128);
  return program + " ended with status " + std::to_string(status);
}

Profile symbolize(collect::CapturedProcess&& captured, RunProgress& progress) {
  Profile profile = collect::build_profile(
      std::move(captured), {},
      [&progress](double fraction, const std::string& what) { progress.looking_up_symbols(fraction, what); });
  progress.clear();
  return profile;
}

}  // namespace

Result<CheckedProgram> CheckedProgram::prepare(const std::vector<std::string>& command, Console& console) {
  occupy_standard_streams();
  auto target = collect::check_target(command.front());
  if (!target) return as_usage(std::move(target.error()));
  auto library = find_preload_library();
  if (!library) return as_usage(std::move(library.error()));
  CheckedProgram program(command, std::move(*target), std::move(*library), console);
  for (char** entry = environ; *entry != nullptr; ++entry) program.environment_.emplace_back(*entry);
  ::unsetenv("DEBUGINFOD_URLS");  // the symbol library would ask servers whenever it finds this
  return program;
}

Result<RecordedRun> CheckedProgram::run() {
  collect::SessionOptions options;
  options.executable = target_.path;
  options.command = command_;
  options.preload_library = library_;
  options.environment = environment_;
  RunProgress progress(false);
  collect::SessionObserver observer;
  observer.note = [&](const std::string& sentence) {
    progress.give_way();
    console_->err << "memprof: note: " + sentence + '\n';
  };
  if (progress.visible()) {
    observer.status = [&](const collect::LiveStatus& status) { progress.running(status); };
    observer.suspended = [&] { progress.clear(); };
  }
  for (const std::string& sentence : std::exchange(target_.notes, {})) observer.note(sentence);
  const WritingSignals signals(false);
  auto session = collect::run_session(options, observer);
  progress.clear();
  if (!session) return as_usage(std::move(session.error()));
  const std::string program = command_.front();
  if (!session->main_process) {
    Error error = std::move(session->unrecorded).in(program + " could not be recorded");
    if (session->exit_status == 0) return as_usage(std::move(error));
    error.what = status_text(program, session->exit_status) + "; " + error.what;
    error.code = ExitCode::kProgramFailed;
    return tl::unexpected(std::move(error));
  }
  RecordedRun run;
  if (session->exit_status != 0) run.failure = status_text(program, session->exit_status);
  std::vector<collect::CapturedProcess>& captured = session->processes;
  std::rotate(captured.begin(), captured.begin() + static_cast<std::ptrdiff_t>(*session->main_process),
              captured.begin() + static_cast<std::ptrdiff_t>(*session->main_process) + 1);
  for (collect::CapturedProcess& process : captured) {
    if (&process != &captured.front() && process.events() == 0) continue;
    run.processes.push_back(symbolize(std::move(process), progress));
  }
  if (session->interrupted && run.failure.empty()) run.failure = program + " was interrupted";
  return run;
}

}  // namespace memprof::cli
