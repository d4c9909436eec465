// `memprof snapshot`: the profile of a program that runs, as it is now.

#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include <memory>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "collect/control_client.hpp"

namespace memprof::cli {
namespace {

struct SnapshotOptions {
  std::string process;
  std::string output;
  std::optional<std::string> name;
  bool force = false;
};

std::string working_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) != nullptr ? path : "/";
}

/// Before the program is asked: what is there may be a file that somebody needs.
Result<void> check_output(const SnapshotOptions& options) {
  struct stat status {};
  if (options.output.empty()) return {};
  if (options.output.back() == '/') {
    return failure(options.output + ": cannot be written: it is a directory's name", "give -o the name of a file");
  }
  if (::stat(options.output.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) {
    return failure(
        options.output + ": cannot be written: it is " + (S_ISDIR(status.st_mode) ? "a directory" : "no regular file"),
        "give -o the name of a file");
  }
  if (options.force) return {};
  return failure(options.output + " is there already", "name another file with -o, or replace it with --force");
}

Result<int> run(const SnapshotOptions& options, Console& console) {
  if (auto possible = check_output(options); !possible) return tl::unexpected<Error>(possible.error());
  collect::SnapshotRequest request;
  if (options.name) {
    if (const std::string problem = collect::snapshot_name_problem(*options.name); !problem.empty()) {
      return failure("--name " + printable(*options.name) + ": this cannot be a snapshot's name: " + problem,
                     "such as --name 'after warm-up'; -o says where the file goes");
    }
    request.name = *options.name;
  }
  request.directory = working_directory();
  if (!options.output.empty()) {
    request.path = options.output.front() == '/' ? options.output : request.directory + '/' + options.output;
  }
  request.replace = options.force;
  const auto list = collect::list_profiled();
  if (!list) return tl::unexpected<Error>(list.error());
  const auto process = collect::find_profiled(*list, options.process);
  if (!process) return tl::unexpected<Error>(process.error());
  const auto taken = collect::take_snapshot(*process, request);
  if (!taken) return tl::unexpected<Error>(taken.error());
  console.err << "memprof: " << printable(process->program) << " (pid " << process->pid
              << "): " << format_size(taken->live_bytes) << " live in " << format_count(taken->live_blocks)
              << (taken->live_blocks == 1 ? " block\n" : " blocks\n");
  console.out << display_path(taken->path) << '\n';
  return 0;
}

}  // namespace

Command snapshot_command() {
  return {.name = "snapshot",
          .summary = "the profile of a running program, as it is now",
          .description =
              "Has the `memprof run` that watches the process write its profile of this moment, and prints the file's "
              "name. The process runs on meanwhile. PROCESS is a pid or the name of a program; `memprof ps` lists what "
              "there is.\n\n"
              "A snapshot is a profile like any other: all reports take it, and `memprof diff` compares two of them. "
              "What it calls unfreed is what was live at that moment.\n\n"
              "Without -o the file is memprof.<program>.<pid>.<name>.json, where the name is snapshot-1, snapshot-2 "
              "and so on "
              "unless --name says otherwise; an older file of such a name is replaced.",
          .examples = {{"What grows within a minute?", "memprof snapshot server -o a.json; sleep 60"},
                       {"... and a minute later", "memprof snapshot server -o b.json; memprof diff a.json b.json"},
                       {"Under a name of its own", "memprof snapshot 4711 --name 'after warm-up'"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<SnapshotOptions>();
            add_required(parser, "PROCESS", options->process,
                         "pid of a process that is being profiled, or its program");
            add_text(parser, "-o,--output", options->output, "FILE", "write the profile to FILE; .zst compresses");
            add_optional_text(parser, "--name", options->name, "TEXT",
                              "what reports and the default file name call it; no path");
            add_flag(parser, "--force", options->force, "replace FILE if it is there");
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
