// `memprof info`: what a profile is of, its totals, how far it can be trusted, and its timeline.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

#include "cli/command_text.hpp"
#include "cli/commands.hpp"
#include "cli/json_report.hpp"
#include "cli/memory_text.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/sparkline.hpp"
#include "cli/units.hpp"
#include "profile/field.hpp"
#include "profile/memory_coverage.hpp"
#include "report/capture_verdict.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kLabelWidth = 14;
constexpr std::size_t kWidestSparkline = 100;

std::string end_text(const Process& process) {
  switch (process.end_kind) {
    case EndKind::kExited:
      return "exited with status " + std::to_string(process.end_value);
    case EndKind::kSignalled: {
      const char* name = sigabbrev_np(process.end_value);
      return "killed by signal " + std::to_string(process.end_value) +
             (name == nullptr ? "" : " (SIG" + std::string(name) + ")");
    }
    case EndKind::kReplaced:
      return "became another program (exec)";
    case EndKind::kStillRunning:
      return "still running when the profile was written";
    case EndKind::kUnknown:
      break;
  }
  return "end unknown";
}

const char* snapshot_origin(SnapshotKind kind) {
  switch (kind) {
    case SnapshotKind::kCommand:
      return "taken by memprof snapshot";
    case SnapshotKind::kInterval:
      return "taken by --snapshot-every";
    case SnapshotKind::kSignal:
      return "taken by --snapshot-on";
    case SnapshotKind::kProgram:
      return "taken by the program";
    case SnapshotKind::kPeak:
      return "taken at the peak";
    case SnapshotKind::kNone:
      break;
  }
  return "none";
}

std::string start_text(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm local{};
  std::array<char, 64> text{};
  if (localtime_r(&seconds, &local) == nullptr) return "unknown";
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &local);
  return text.data();
}

std::string bytes_in_blocks(std::uint64_t bytes, std::uint64_t blocks) {
  return format_size(bytes) + " in " + format_count(blocks) + (blocks == 1 ? " block" : " blocks");
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

class InfoPrinter {
 public:
  InfoPrinter(const Profile& profile, std::ostream& out, unsigned width)
      : profile_(profile), out_(out), width_(width) {}

  void print(const std::string& file) {
    out_ << capture_note(profile_);
    print_process(file);
    out_ << '\n';
    print_totals();
    out_ << '\n';
    print_capture();
    print_memory();
    print_timeline();
  }

 private:
  void line(const std::string& label, const std::string& value) {
    out_ << shortened_end(padded_right(label, kLabelWidth) + printable(value), width_) << '\n';
  }

  void print_process(const std::string& file) {
    const Process& process = profile_.process;
    line("Program", process.program + " (pid " + std::to_string(process.pid) +
                        (process.forked ? ", forked by " : ", started by ") + std::to_string(process.parent_pid) + ")");
    line("Executable", process.executable);
    line("Command", command_text(process.command));
    line("Directory", process.directory);
    line("Started", start_text(process.start_unix_ms));
    line("Duration", format_duration(process.duration_s) + ", " + end_text(process));
    if (profile_.snapshot.kind != SnapshotKind::kNone) line("Snapshot", snapshot_text());
    line("Machine", process.architecture);
    line("Profile", file + ", written by " + profile_.generator);
  }

  std::string snapshot_text() const {
    const Snapshot& snapshot = profile_.snapshot;
    const double time_ms = snapshot.time_s * 1000;
    return snapshot.name + ", after " + format_duration(snapshot.time_s) + " (" +
           start_text(profile_.process.start_unix_ms + static_cast<std::int64_t>(time_ms)) + "), " +
           snapshot_origin(snapshot.kind);
  }

  void print_totals() {
    const Totals& totals = profile_.totals;
    line("Allocated", bytes_in_blocks(totals.allocated_bytes, totals.allocations));
    line("Freed", bytes_in_blocks(totals.freed_bytes, totals.frees));
    line("Peak",
         bytes_in_blocks(totals.peak_bytes, totals.peak_blocks) + ", after " + format_duration(totals.peak_time_s));
    line("Unfreed", bytes_in_blocks(totals.live_bytes, totals.live_blocks));
    line("Temporary", format_count(totals.temporary_allocations) + " allocations, freed before the thread's next one");
    line("Failed", format_count(totals.failed_allocations) + " allocations");
    if (profile_.mapped_totals.allocations > 0) {
      line("Mapped", format_size(profile_.mapped_totals.peak_bytes) + " at most of what it maps itself, in " +
                         format_count(profile_.mapped_totals.allocations) +
                         (profile_.mapped_totals.allocations == 1 ? " call" : " calls") + "; not a part of the heap");
    }
    line("Recorded", format_count(profile_.sites.size()) + " call stacks, " + format_count(profile_.threads.size()) +
                         (profile_.threads.size() == 1 ? " thread" : " threads"));
  }

  void print_capture() {
    const Capture& capture = profile_.capture;
    const std::string word = report::verdict_word(capture);
    line("Capture", word == "complete" ? word : word + ": see the first line");
    const std::array<std::pair<std::uint64_t, const char*>, 8> remarks = {{
        {capture.dropped_events, "events dropped"},
        {capture.truncated_stacks, "events with outer frames missing"},
        {capture.lost_stacks, "events without a stack"},
        {capture.unknown_frees, "frees of blocks never seen allocated"},
        {capture.missed_frees, "frees missed, seen when the address was handed out again"},
        {capture.inherited_frees, "frees of blocks inherited from the parent process"},
        {capture.nested_events, "events made by signal handlers inside of others, recorded"},
        {capture.nested_dropped, "events made by signal handlers inside of others, not recorded"},
    }};
    for (const auto& [count, what] : remarks) {
      if (count > 0) line("", format_count(count) + " " + what);
    }
    if (capture.unresolved_frames > 0) {
      line("", percent(capture.unresolved_frames, profile_.frames.size()) + " of the frames have no function name (" +
                   format_count(capture.unresolved_frames) + " of " + format_count(profile_.frames.size()) + ")");
    }
    if (capture.max_depth == 0) line("", "call stacks were switched off");
    if (capture.ring_waits > 0) {
      line("", "threads waited " + format_count(capture.ring_waits) + " times for memprof, " +
                   format_duration(capture.ring_wait_s) + " in all");
    }
    line("Overhead", format_size(capture.overhead_bytes) + " of memprof's own memory in the process");
    line("", format_duration(capture.hook_cpu_s) + " of CPU time in memprof's hooks, estimated; " +
                 format_duration(capture.collector_cpu_s) + " in memprof itself");
  }

  void print_memory() {
    for (const MemoryMoment& moment : profile_.memory) {
      const bool highest = &moment == highest_moment(profile_);
      out_ << '\n';
      line("Resident", format_size(moment.rss_bytes) + (highest ? " at most, after " : " at the last look, after ") +
                           format_duration(moment.time_s));
      for (const auto& [label, text] : coverage_lines(profile_, moment)) line(label, text);
    }
    if (!profile_.capture.unseen_memory.empty()) line("", profile_.capture.unseen_memory);
  }

  void print_timeline() {
    const std::size_t columns = (width_ == 0 ? 80 : width_) - kLabelWidth;
    const std::string spark =
        sparkline(profile_.timeline, profile_.process.duration_s, std::min(columns, kWidestSparkline));
    if (spark.empty()) return;
    out_ << '\n';
    line("Live heap", spark);
    line("", "0 to " + format_duration(profile_.process.duration_s) + ", highest " +
                 format_size(profile_.totals.peak_bytes));
  }

  const Profile& profile_;
  std::ostream& out_;
  unsigned width_;
};

const char* end_word(EndKind kind) {
  switch (kind) {
    case EndKind::kExited:
      return "exited";
    case EndKind::kSignalled:
      return "signalled";
    case EndKind::kReplaced:
      return "replaced";
    case EndKind::kStillRunning:
      return "running";
    case EndKind::kUnknown:
      break;
  }
  return "unknown";
}

Json json_capture(const Capture& capture) {
  return {{"complete", capture.complete},
          {"incomplete_reasons", capture.incomplete_reasons},
          {"max_depth", capture.max_depth},
          {"dropped_events", capture.dropped_events},
          {"truncated_stacks", capture.truncated_stacks},
          {"lost_stacks", capture.lost_stacks},
          {"unknown_frees", capture.unknown_frees},
          {"missed_frees", capture.missed_frees},
          {"nested_events", capture.nested_events},
          {"nested_dropped", capture.nested_dropped},
          {"inherited_frees", capture.inherited_frees},
          {"unresolved_frames", capture.unresolved_frames},
          {"ring_waits", capture.ring_waits},
          {"ring_wait_s", capture.ring_wait_s},
          {"overhead_bytes", capture.overhead_bytes},
          {"hook_cpu_s", capture.hook_cpu_s},
          {"collector_cpu_s", capture.collector_cpu_s},
          {"unseen_memory", capture.unseen_memory}};
}

void print_json(const Profile& profile, Console& console) {
  const Process& process = profile.process;
  Json json = json_head(profile, "info");
  json["generator"] = profile.generator;
  json["process"] = {{"parent_pid", process.parent_pid}, {"forked", process.forked},
                     {"executable", process.executable}, {"command", process.command},
                     {"directory", process.directory},   {"start_unix_ms", process.start_unix_ms},
                     {"duration_s", process.duration_s}, {"end", end_word(process.end_kind)},
                     {"end_value", process.end_value},   {"architecture", process.architecture}};
  if (profile.snapshot.kind != SnapshotKind::kNone) {
    json["snapshot"] = {{"kind", Codec<SnapshotKind>::kNames.at(static_cast<std::size_t>(profile.snapshot.kind))},
                        {"name", profile.snapshot.name},
                        {"time_s", profile.snapshot.time_s}};
  }
  json["totals"] = json_totals(profile.totals);
  json["mapped_totals"] = json_totals(profile.mapped_totals);
  json["capture"] = json_capture(profile.capture);
  json["memory"] = json_memory(profile);
  json["frames"] = profile.frames.size();
  json["call_stacks"] = profile.sites.size();
  json["threads"] = profile.threads.size();
  Json timeline = Json::array();
  for (const TimelinePoint& point : profile.timeline) {
    timeline.push_back({{"time_s", point.time_s},
                        {"live_bytes", point.live_bytes},
                        {"highest_bytes", point.highest_bytes},
                        {"rss_bytes", point.rss_bytes},
                        {"allocations", point.allocations}});
  }
  json["timeline"] = std::move(timeline);
  console.out << json_text(json);
}

Result<int> run(const ReportOptions& options, Console& console) {
  const Result<Profile> profile = read_report_input(options, console);
  if (!profile) return tl::unexpected<Error>(profile.error());
  if (options.json) {
    print_json(*profile, console);
  } else {
    InfoPrinter(*profile, console.out, options.width(console)).print(options.file);
  }
  return 0;
}

}  // namespace

Command info_command() {
  return {.name = "info",
          .summary = "what a profile is of, its totals, and how complete it is",
          .description =
              "Prints the process and its command, the totals, how far the figures can be trusted, and the "
              "live heap over time.",
          .examples = {{"At a glance", "memprof info app.json"},
                       {"The peak in bytes, for a script", "memprof info --json app.json | jq .totals.peak_bytes"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<ReportOptions>();
            add_report_options(parser, *options);
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
