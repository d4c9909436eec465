#include "cli/check_command_formats.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <unordered_map>

#include "cli/check_command_text.hpp"
#include "profile/output_file.hpp"

namespace memprof::cli {
namespace {

namespace fs = std::filesystem;

/// The nearest directory, here or above, that a version control system calls its own; outside of one what GitHub,
/// GitLab or Jenkins calls the checkout; else the working directory.
fs::path repository_root() {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  for (fs::path directory = here; !directory.empty(); directory = directory.parent_path()) {
    for (const char* name : {".git", ".hg", ".jj", ".svn"}) {
      if (fs::exists(directory / name, error)) return directory;
    }
    if (directory == directory.parent_path()) break;
  }
  for (const char* variable : {"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE"}) {
    const char* directory = std::getenv(variable);
    if (directory != nullptr && fs::is_directory(directory, error)) return fs::absolute(directory, error);
  }
  return here;
}

report::FormatContext format_context() {
  const fs::path root = repository_root();
  // Stacks name the same files again and again, in every format.
  const auto known = std::make_shared<std::unordered_map<std::string, bool>>();
  const auto has_file = [root, known](const std::string& path) {
    const auto [entry, added] = known->try_emplace(path, false);
    std::error_code error;
    if (added) entry->second = fs::is_regular_file(root / path, error);
    return entry->second;
  };
  return {root.string(), has_file, MEMPROF_VERSION};
}

Result<VerdictOutput> parse_verdict_output(const std::string& value) {
  const std::size_t equals = value.find('=');
  const std::string name = value.substr(0, equals);
  const auto format = report::parse_format(name);
  if (!format)
    return failure("option --format: there is no format '" + name + "'", "formats: " + report::format_names());
  if (equals == std::string::npos) return VerdictOutput{*format, {}};
  VerdictOutput output{*format, value.substr(equals + 1)};
  if (output.file.empty()) return failure("option --format: '" + value + "' names no file", "as in " + value + "FILE");
  return output;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  auto file = OutputFile::create(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (auto written = file->write(text); !written) return written;
  return file->commit();
}

}  // namespace

Result<std::vector<VerdictOutput>> parse_verdict_outputs(const std::vector<std::string>& values,
                                                         bool prints_suppressions) {
  std::vector<VerdictOutput> outputs;
  for (const std::string& value : values) {
    auto output = parse_verdict_output(value);
    if (!output) return tl::unexpected(std::move(output.error()));
    const bool taken =
        std::any_of(outputs.begin(), outputs.end(), [&](const VerdictOutput& o) { return o.file == output->file; });
    if (taken && output->file.empty()) {
      return failure("option --format: two formats would be mixed on standard output",
                     "give one of them a file: --format " + value + "=FILE");
    }
    if (prints_suppressions && output->file.empty() && output->format != report::Format::kText) {
      return failure("--format " + value + " and --gen-suppressions would be mixed on standard output",
                     "give the format a file: --format " + value + "=FILE");
    }
    if (taken)
      return failure("option --format: '" + output->file + "' is named twice", "give each format its own file");
    outputs.push_back(std::move(*output));
  }
  const bool silent =
      std::none_of(outputs.begin(), outputs.end(), [](const auto& output) { return output.file.empty(); });
  if (silent) outputs.insert(outputs.begin(), VerdictOutput{});
  return outputs;
}

Result<void> remove_old_verdicts(const std::vector<VerdictOutput>& outputs) {
  for (const VerdictOutput& output : outputs) {
    std::error_code error;
    if (output.file.empty() || !fs::is_regular_file(output.file, error)) continue;
    if (!fs::remove(output.file, error) && error) {
      return failure(output.file + ": the verdict of an earlier run cannot be removed: " + error.message(),
                     "remove it, or name another file");
    }
  }
  return {};
}

Result<void> write_verdicts(const std::vector<VerdictOutput>& outputs, const report::Verdict& verdict,
                            std::ostream& standard_output) {
  const report::FormatContext context = format_context();
  for (const VerdictOutput& output : outputs) {
    const std::string text = output.format == report::Format::kText
                                 ? verdict_text(verdict)
                                 : report::write_verdict(output.format, verdict, context);
    if (output.file.empty()) {
      standard_output << text << std::flush;
    } else if (auto written = write_file(output.file, text); !written) {
      return written;
    }
  }
  return {};
}

}  // namespace memprof::cli
