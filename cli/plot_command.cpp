// `memprof plot`: mprof's picture of memory over time.

#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/plot_terminal.hpp"
#include "cli/printable.hpp"
#include "cli/profile_input.hpp"
#include "cli/report_options.hpp"
#include "profile/output_file.hpp"
#include "report/frame_names.hpp"
#include "report/plot_svg.hpp"

namespace memprof::cli {
namespace {

constexpr unsigned kUsualWidth = 80;

struct PlotOptions {
  std::vector<std::string> files;
  std::string output, title;
  std::uint64_t height = 18;
  std::optional<std::uint64_t> pid;  ///< of an index: only this process
  bool force = false, no_rss = false;
};

Result<void> check(const PlotOptions& options) {
  if (options.files.empty()) return failure("no profile is named", "memprof plot FILE...");
  std::set<std::string> seen;
  for (const std::string& file : options.files) {
    if (!seen.insert(file).second) {
      return failure(printable(file) + " is named twice: one curve would hide the other", "name it once");
    }
  }
  if (options.output.empty()) return {};
  if (!options.output.ends_with(".svg")) {
    return failure(printable(options.output) + ": the picture is written as SVG only",
                   "give -o a name that ends in .svg");
  }
  std::error_code ignored;
  if (!options.force && std::filesystem::exists(options.output, ignored)) {
    return failure(printable(options.output) + " exists already", "--force replaces it");
  }
  return {};
}

Result<void> write_svg(const std::vector<report::PlotSeries>& series, const PlotOptions& options,
                       const std::string& title) {
  Result<OutputFile> file = OutputFile::create(options.output);
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  const Result<void> written = file->write(report::plot_svg(series, {title, !options.no_rss}));
  return written ? file->commit() : written;
}

Result<int> run(const PlotOptions& options, Console& console) {
  if (auto checked = check(options); !checked) return tl::unexpected<Error>(std::move(checked.error()));
  std::vector<report::PlotSeries> series;
  std::string title = options.title;
  std::set<std::string> programs;
  for (const std::string& file : options.files) {
    const auto input = read_profile_input(file, options.pid);
    if (!input) return tl::unexpected<Error>(input.error());
    const Profile* profile = &input->profile;
    if (profile->timeline.empty()) return failure(printable(file) + " has no timeline to plot", "");
    if (!profile->capture.complete) console.err << "memprof: " << printable(file) << ": " << capture_note(*profile);
    const std::string name = report::base_name(file);
    if (programs.insert(profile->process.program).second && options.title.empty()) {
      title += (title.empty() ? "Heap of " : ", ") + profile->process.program;
    }
    series.push_back(report::plot_series(*profile, name));
  }
  if (!options.output.empty()) {
    if (auto written = write_svg(series, options, title); !written) return tl::unexpected<Error>(written.error());
    return 0;
  }
  const unsigned width = console.out_terminal.width == 0 ? kUsualWidth : console.out_terminal.width;
  console.out << printable(title) << '\n'
              << plot_text(series, {width, static_cast<unsigned>(options.height), !options.no_rss},
                           console.out_terminal);
  return 0;
}

}  // namespace

Command plot_command() {
  return {.name = "plot",
          .summary = "the heap over time, in the terminal or as SVG",
          .description =
              "Draws the live heap and, where it was looked at, the resident set of the process over time, with the "
              "peak, the scopes of the program as brackets, the snapshots that were taken, and the slope of a straight "
              "line through the live heap with its R² (1: it is straight). Several profiles lie over one another, each "
              "from the start of its process.\n\n"
              "In a pipe or file the picture is 80 columns wide. The SVG needs no other file, is light or dark as the "
              "browser is, and light on paper.",
          .examples = {{"In the terminal", "memprof plot app.json"},
                       {"Two runs over one another, as a picture", "memprof plot before.json after.json -o heap.svg"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<PlotOptions>();
            add_words(parser, "FILE", options->files, "profiles that 'memprof run' wrote");
            add_text(parser, "-o,--output", options->output, "FILE.svg", "write the picture to FILE.svg");
            add_flag(parser, "--force", options->force, "replace FILE.svg if it is there");
            add_text(parser, "--title", options->title, "TEXT", "above the picture instead of the program's name");
            add_number(parser, "--height", options->height, 4, "lines of the picture in the terminal (default 18)");
            add_pid(parser, "--pid", options->pid, "of an index, only this process instead of the sum");
            add_flag(parser, "--no-rss", options->no_rss, "leave the resident set out");
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
