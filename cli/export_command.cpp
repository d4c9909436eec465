// `memprof export`: a profile in the format of another tool.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/profile_input.hpp"
#include "cli/report_options.hpp"
#include "profile/output_file.hpp"
#include "report/export_csv.hpp"
#include "report/export_dhat.hpp"
#include "report/export_folded.hpp"
#include "report/export_massif.hpp"
#include "report/export_pprof.hpp"
#include "report/export_speedscope.hpp"

namespace memprof::cli {
namespace {

using report::Metric;

enum class Format : std::uint8_t { kPprof, kFolded, kSpeedscope, kMassif, kDhat, kCsv };

const Choices<std::optional<Format>> kFormats = {
    {"pprof", Format::kPprof},   {"folded", Format::kFolded}, {"speedscope", Format::kSpeedscope},
    {"massif", Format::kMassif}, {"dhat", Format::kDhat},     {"csv", Format::kCsv}};

const Choices<std::optional<Metric>> kMetrics = {{"live", Metric::kLive},           {"peak", Metric::kPeak},
                                                 {"allocated", Metric::kAllocated}, {"temporary", Metric::kTemporary},
                                                 {"freed", Metric::kFreed},         {"mapped", Metric::kMapped}};

struct ExportOptions {
  std::string file;
  std::optional<std::uint64_t> pid;
  std::optional<Format> format;
  std::optional<Metric> metric;
  std::string output;
  bool force = false;
};

const char* format_hint() { return "one of --format pprof, folded, speedscope, massif, dhat, csv"; }

/// What can be said before the profile is read.
Result<void> check(const ExportOptions& options, const Console& console) {
  if (!options.format) return failure("no format is given", format_hint());
  const bool all_metrics =
      options.format == Format::kMassif || options.format == Format::kDhat || options.format == Format::kCsv;
  if (options.metric && all_metrics) {
    return failure("--metric has no meaning here: this format always has live, peak and allocated",
                   "leave it out, or choose pprof, folded or speedscope");
  }
  if (options.format == Format::kPprof && options.metric && options.metric != Metric::kLive &&
      options.metric != Metric::kPeak && options.metric != Metric::kMapped) {
    return failure("pprof has what was allocated and what was in use, nothing else",
                   "--metric live or peak says when it was in use, mapped that mapped ranges are meant");
  }
  if (options.output.empty()) {
    if (options.format == Format::kPprof && console.out_terminal.interactive) {
      return failure("pprof files are binary, which a terminal cannot show", "name a file: -o heap.pb.gz");
    }
    return {};
  }
  std::error_code ignored;
  if (!options.force && std::filesystem::is_regular_file(options.output, ignored)) {
    return failure(options.output + " exists already", "--force replaces it");
  }
  return {};
}

Result<void> write(const Profile& profile, const ExportOptions& options, const ByteSink& sink) {
  switch (*options.format) {
    case Format::kPprof:
      return report::export_pprof(profile, options.metric.value_or(Metric::kLive), sink);
    case Format::kFolded:
      return report::export_folded(profile, options.metric.value_or(Metric::kPeak), sink);
    case Format::kSpeedscope:
      if (options.metric) return report::export_speedscope(profile, {*options.metric}, sink);
      return report::export_speedscope(profile, {Metric::kPeak, Metric::kLive, Metric::kAllocated}, sink);
    case Format::kMassif:
      return report::export_massif(profile, sink);
    case Format::kDhat:
      return report::export_dhat(profile, sink);
    case Format::kCsv:
      return report::export_csv(profile, sink);
  }
  return {};
}

Result<void> write_to_file(const Profile& profile, const ExportOptions& options) {
  Result<OutputFile> file = OutputFile::create(options.output);
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  Result<void> written = write(profile, options, [&](std::string_view bytes) { return file->write(bytes); });
  return written ? file->commit() : written;
}

Result<void> write_to_stream(const Profile& profile, const ExportOptions& options, std::ostream& out) {
  const auto to_stream = [&](std::string_view bytes) -> Result<void> {
    if (out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return {};
    return failure("standard output cannot be written", "name a file with -o");
  };
  Result<void> written = write(profile, options, to_stream);
  if (written && !out.flush()) return failure("standard output cannot be written", "name a file with -o");
  return written;
}

Result<int> run(const ExportOptions& options, Console& console) {
  if (auto checked = check(options, console); !checked) return tl::unexpected<Error>(std::move(checked.error()));
  const Result<ProfileInput> input = read_profile_input(options.file, options.pid);
  if (!input) return tl::unexpected<Error>(input.error());
  const Profile* const profile = &input->profile;
  const Result<void> written =
      options.output.empty() ? write_to_stream(*profile, options, console.out) : write_to_file(*profile, options);
  if (!written) return tl::unexpected<Error>(written.error());
  // Other tools have no place to say it, so it is said here.
  console.err << input->note;
  if (const std::string note = capture_note(*profile); !note.empty()) console.err << "memprof: " << note;
  return 0;
}

}  // namespace

Command export_command() {
  return {
      .name = "export",
      .summary = "write a profile in the format of another tool",
      .description =
          "Writes what other viewers read: pprof (go tool pprof, Google's pprof, Polar Signals), folded "
          "(flamegraph.pl, inferno), speedscope (speedscope.app), massif (ms_print, massif-visualizer), dhat "
          "(Valgrind's dh_view.html), csv (spreadsheets, pandas).\n\n"
          "pprof holds what was allocated over the run and what was in use: at the end, or with --metric peak at the "
          "peak. folded holds one metric, the peak by default. speedscope holds peak, live and allocated side by "
          "side. In dhat the lifetimes are estimates and a stack's own maximum is the higher one of its figures at "
          "the peak and at the end.",
      .examples = {{"For go tool pprof", "memprof export app.json --format pprof -o heap.pb.gz"},
                   {"A flame graph of the peak", "memprof export app.json --format folded | flamegraph.pl > peak.svg"}},
      .define = [](CLI::App& parser) -> RunCommand {
        auto options = std::make_shared<ExportOptions>();
        add_required(parser, "FILE", options->file, "a profile that 'memprof run' wrote, or its index of several");
        add_pid(parser, "--pid", options->pid, "of an index, only this process instead of the sum");
        add_choice(parser, "--format", options->format, kFormats, "what to write; has to be given");
        add_choice(parser, "--metric", options->metric, kMetrics,
                   "what the figures are, for pprof, folded and speedscope");
        add_text(parser, "-o,--output", options->output, "FILE", "write to FILE instead of standard output");
        add_flag(parser, "--force", options->force, "replace FILE if it is there");
        return [options](const Invocation& invocation) { return run(*options, invocation.console); };
      }};
}

}  // namespace memprof::cli
