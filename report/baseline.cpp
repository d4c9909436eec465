#include "report/baseline.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "profile/output_file.hpp"
#include "report/text_file.hpp"

namespace memprof::report {
namespace {

constexpr std::string_view kMagic = "memprof-baseline ";
constexpr std::string_view kArrow = " <- ";

/// Takes a number and the word after it off the front of `text`: "3 blocks ".
bool take_figure(std::string_view& text, std::string_view unit, std::uint64_t& value) {
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(after - text.data()));
  if (!text.starts_with(unit)) return false;
  text.remove_prefix(unit.size());
  return true;
}

FunctionPath split_path(std::string_view text) {
  FunctionPath path;
  while (true) {
    const std::size_t arrow = text.find(kArrow);
    path.emplace_back(text.substr(0, arrow));
    if (arrow == std::string_view::npos) return path;
    text.remove_prefix(arrow + kArrow.size());
  }
}

/// Names come from debug information, which may hold anything; a line must stay a line.
FunctionPath storable(const FunctionPath& path) {
  FunctionPath safe = path;
  for (std::string& name : safe) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  }
  return safe;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Result<Baseline> read() {
    if (!next_line() || !line_.starts_with(kMagic)) {
      return failure(name_ + " is not a baseline of memprof", "'memprof check --write-baseline FILE' makes one");
    }
    if (line_.substr(kMagic.size()) != std::to_string(kBaselineVersion)) {
      return failure(name_ + " is a baseline of version " + std::string(line_.substr(kMagic.size())) +
                         "; this memprof reads version " + std::to_string(kBaselineVersion),
                     "make it anew with --write-baseline, or use the memprof that wrote it");
    }
    while (next_line()) {
      if (auto done = read_line(); !done) return tl::unexpected(std::move(done.error()));
    }
    return std::move(baseline_);
  }

 private:
  bool next_line() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      line_ = text_.substr(at_, end - at_);
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      at_ = end + 1;
      ++number_;
      if (!line_.empty() && line_[0] != '#') return true;
    }
    return false;
  }

  tl::unexpected<Error> broken(const std::string& what, const std::string& hint = {}) const {
    return failure(name_ + ":" + std::to_string(number_) + ": " + what, hint);
  }

  Result<void> read_line() {
    for (const std::string_view mark : {"<<<<<<<", "=======", ">>>>>>>", "|||||||"}) {
      if (line_.starts_with(mark)) return broken("a merge is not finished here", "settle the conflict, then try again");
    }
    std::string_view rest = line_;
    if (rest.starts_with("peak ")) {
      rest.remove_prefix(5);
      std::uint64_t peak = 0;
      if (!take_figure(rest, " bytes", peak) || !rest.empty()) return broken("the peak is not a number of bytes");
      baseline_.peak_bytes = std::max(baseline_.peak_bytes, peak);  // both sides of a union merge
      return {};
    }
    return read_site();
  }

  Result<void> read_site() {
    constexpr std::size_t kDigits = 16;
    const std::string print(line_.substr(0, kDigits));
    std::string_view rest = line_.substr(print.size());
    BaselineSite site;
    if (!rest.starts_with(' ')) return not_a_site();
    rest.remove_prefix(1);
    const bool figures = take_figure(rest, " blocks ", site.blocks) && take_figure(rest, " bytes: ", site.bytes);
    if (!figures || rest.empty()) return not_a_site();
    site.path = split_path(rest);
    if (fingerprint(site.path) != print) {
      return broken("fingerprint " + print + " does not belong to '" + std::string(rest) + "'",
                    "lines are not written by hand; make the file anew with --write-baseline");
    }
    const auto [earlier, inserted] = lines_.try_emplace(print, number_, line_);
    if (!inserted && earlier->second.text == line_) return {};  // git's union merge doubles what is near a change
    if (!inserted) {
      return broken("this site is on line " + std::to_string(earlier->second.number) + " already, with other figures",
                    "keep one of the two");
    }
    baseline_.sites.push_back(std::move(site));
    return {};
  }

  tl::unexpected<Error> not_a_site() const {
    return broken("'" + std::string(line_) + "' is not a site",
                  "a site reads FINGERPRINT N blocks N bytes: function <- caller <- main");
  }

  std::string_view text_, line_;
  const std::string& name_;
  std::size_t at_ = 0, number_ = 0;
  struct Line {
    Line(std::size_t at, std::string_view whole) : number(at), text(whole) {}
    std::size_t number;
    std::string_view text;
  };
  std::map<std::string, Line> lines_;
  Baseline baseline_;
};

}  // namespace

std::string format_baseline(const Baseline& baseline) {
  std::map<std::string, const BaselineSite*> sorted;
  std::vector<BaselineSite> sites;
  sites.reserve(baseline.sites.size());
  for (const BaselineSite& site : baseline.sites) {
    sites.push_back({storable(site.path), site.blocks, site.bytes});
    sorted.emplace(fingerprint(sites.back().path), &sites.back());
  }
  std::string text(kMagic);
  text += std::to_string(kBaselineVersion) + "\n";
  text += "# Memory that is known to be unfreed at the end. Written by 'memprof check --write-baseline' and\n";
  text += "# '--update-baseline'; docs/gate.md of memprof explains it. In .gitattributes: <this file> merge=union\n\n";
  text += "peak " + std::to_string(baseline.peak_bytes) + " bytes\n";
  for (const auto& [print, site] : sorted) {
    text += "\n" + print + " " + std::to_string(site->blocks) + " blocks " + std::to_string(site->bytes) +
            " bytes: " + path_text(site->path) + "\n";
  }
  return text;
}

Result<Baseline> parse_baseline(std::string_view text, const std::string& name) { return Reader(text, name).read(); }

Result<Baseline> read_baseline(const std::string& path) {
  const auto text = read_text_file(path, "the baseline");
  if (!text) return failure(text.error().what, "'memprof check --write-baseline FILE' makes one");
  return parse_baseline(*text, path);
}

Result<void> write_baseline(const Baseline& baseline, const std::string& path) {
  auto file = OutputFile::create(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (auto written = file->write(format_baseline(baseline)); !written) return written;
  return file->commit();
}

}  // namespace memprof::report
