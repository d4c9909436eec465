// `memprof ps`: what is being profiled now by this user.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_text.hpp"
#include "cli/commands.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "collect/control_client.hpp"

namespace memprof::cli {
namespace {

struct PsOptions {
  bool json = false;
};

double seconds_since(std::int64_t unix_ms) {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  const std::int64_t now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  return static_cast<double>(std::max<std::int64_t>(now - unix_ms, 0)) / 1000;
}

void print_text(const collect::ProfiledList& list, Console& console) {
  if (list.silent > 0) {
    console.err << "memprof: note: " << list.silent << (list.silent == 1 ? " memprof does" : " memprofs do")
                << " not answer: stopped, perhaps by Ctrl-Z\n";
  }
  if (list.processes.empty()) {
    if (list.silent == 0) console.out << "nothing is being profiled\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{{"PID", "SINCE", "LIVE", "PEAK", "COMMAND"}};
  for (const collect::ProfiledProcess& process : list.processes) {
    const std::string command = command_text(process.command);
    rows.push_back({std::to_string(process.pid), format_duration(seconds_since(process.start_unix_ms)),
                    format_size(process.live_bytes), format_size(process.peak_bytes),
                    printable(command.empty() ? process.program : command)});
  }
  const std::size_t last = rows.front().size() - 1;
  std::vector<std::size_t> widths(last);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < last; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < last; ++i) line += padded_left(row[i], widths[i]) + "  ";
    console.out << shortened_end(line + row[last], console.out_terminal.width) << '\n';
  }
  if (list.more > 0) console.out << "and " << list.more << " more\n";
}

void print_json(const collect::ProfiledList& list, Console& console) {
  Json rows = Json::array();
  for (const collect::ProfiledProcess& process : list.processes) {
    rows.push_back({{"pid", process.pid},
                    {"program", process.program},
                    {"command", process.command},
                    {"start_unix_ms", process.start_unix_ms},
                    {"live_bytes", process.live_bytes},
                    {"peak_bytes", process.peak_bytes},
                    {"snapshots", process.snapshots},
                    {"memprof_pid", process.memprof_pid}});
  }
  console.out << json_text({{"report", "ps"}, {"processes", std::move(rows)}, {"left_out", list.more}});
}

Result<int> run(const PsOptions& options, Console& console) {
  const auto list = collect::list_profiled();
  if (!list) return tl::unexpected<Error>(list.error());
  if (options.json) {
    print_json(*list, console);
  } else {
    print_text(*list, console);
  }
  return 0;
}

}  // namespace

Command ps_command() {
  return {
      .name = "ps",
      .summary = "what is being profiled now",
      .description =
          "Lists the processes that `memprof run` is recording for this user: pid, for how long they have been "
          "running, live heap, its peak so far, and the command. `memprof snapshot` takes a profile of one of them.",
      .examples = {{"At a glance", "memprof ps"},
                   {"The largest heap, for a script", "memprof ps --json | jq '[.processes[].live_bytes] | max'"}},
      .define = [](CLI::App& parser) -> RunCommand {
        auto options = std::make_shared<PsOptions>();
        add_flag(parser, "--json", options->json, "print JSON");
        return [options](const Invocation& invocation) { return run(*options, invocation.console); };
      }};
}

}  // namespace memprof::cli
