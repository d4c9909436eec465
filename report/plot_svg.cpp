#include "report/plot_svg.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "report/units.hpp"

namespace memprof::report {
namespace {

constexpr double kWidth = 960, kLeft = 92, kRight = 24, kTop = 56, kPlotHeight = 360;
constexpr double kLetter = 6.5;  // width of a letter of the small font, about
constexpr double kBracketHeight = 18, kLegendLine = 22, kAxis = 44;

// Okabe and Ito's colours, which people tell apart however they see colour, in the order of contrast; each with a
// darker and a lighter tone for light and dark paper. Lines differ in their dashes as well: paper may be grey.
struct Tone {
  const char *light, *dark, *dashes;
};
constexpr std::array<Tone, 6> kTones = {{{"#0072b2", "#56b4e9", "none"},
                                         {"#b34d00", "#f0a04b", "8 3"},
                                         {"#00795a", "#2bc79a", "2 3"},
                                         {"#a8447f", "#e39ac6", "10 3 2 3"},
                                         {"#6b5d00", "#f0e442", "14 4"},
                                         {"#444444", "#bbbbbb", "5 5"}}};

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

/// Control characters are not allowed in XML, not even escaped.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return out;
}

std::string style_sheet(std::size_t count) {
  std::string light, dark, classes;
  for (std::size_t i = 0; i < std::min(count, kTones.size()); ++i) {
    const std::string n = std::to_string(i);
    light += "--c" + n + ":" + kTones[i].light + ";";
    dark += "--c" + n + ":" + kTones[i].dark + ";";
    classes += ".s" + n + "{stroke:var(--c" + n + ");stroke-dasharray:" + kTones[i].dashes + "}.f" + n +
               "{fill:var(--c" + n + ")}.l" + n + "{stroke:var(--c" + n + ")}";
  }
  light = "--paper:#ffffff;--ink:#1b1f24;--soft:#5b6570;--grid:#d8dde3;" + light;
  dark = "--paper:#14181d;--ink:#e6e9ed;--soft:#a2acb8;--grid:#333b45;" + dark;
  return "<style>svg{" + light +
         "font:14px system-ui,sans-serif}"
         "@media screen and (prefers-color-scheme:dark){svg{" +
         dark +
         "}}"
         ".paper{fill:var(--paper)}text{fill:var(--ink)}.soft{fill:var(--soft);font-size:12px}"
         ".grid{stroke:var(--grid)}.axis{stroke:var(--soft)}.title{font-size:17px;font-weight:600}"
         ".live{fill:none;stroke-width:2;stroke-linejoin:round}"
         ".rss{fill:none;stroke-width:1.2;opacity:.65}.peak{stroke-width:1;stroke-dasharray:4 4!important}"
         ".mark{stroke-width:1;opacity:.8}.bracket{fill:none;stroke-width:1.5}" +
         classes + "</style>\n";
}

class Picture {
 public:
  Picture(const std::vector<PlotSeries>& series, const SvgOptions& options) : series_(series), options_(options) {
    double longest = 0, highest = 0;
    for (const PlotSeries& one : series) {
      longest = std::max(longest, one.duration_s);
      highest = std::max(highest, one.peak.bytes);
      for (const PlotPoint& point : one.live) highest = std::max(highest, point.bytes);
      if (options.resident) {
        for (const PlotPoint& point : one.resident) highest = std::max(highest, point.bytes);
      }
    }
    times_ = time_scale(longest, 8);
    bytes_ = byte_scale(highest, 6);
    // The axis of time ends where the longest run does: it has labels, but need not end on one.
    if (longest > 0) times_.end = longest;
  }

  std::string draw() {
    grid();
    for (std::size_t i = 0; i < series_.size(); ++i) curves(i);
    double below = kTop + kPlotHeight + kAxis;
    for (std::size_t i = 0; i < series_.size(); ++i) below = brackets(i, below);
    for (std::size_t i = 0; i < series_.size(); ++i) below = legend(i, below);
    const double height = below + 12;
    std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " +
                      number(height) + "\" width=\"" + number(kWidth) + "\" height=\"" + number(height) +
                      "\" role=\"img\">\n<title>" + escaped(options_.title) + "</title>\n" +
                      style_sheet(series_.size());
    svg += "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    svg += text(kLeft, 30, "title", "start", options_.title);
    return svg + body_ + "</svg>\n";
  }

 private:
  double x(double time_s) const {
    return kLeft + (kWidth - kLeft - kRight) * std::clamp(time_s / times_.end, 0.0, 1.0);
  }
  double y(double bytes) const { return kTop + kPlotHeight * (1 - std::clamp(bytes / bytes_.end, 0.0, 1.0)); }

  static std::string text(double at_x, double at_y, const std::string& style, const std::string& anchor,
                          const std::string& words) {
    return "<text x=\"" + number(at_x) + "\" y=\"" + number(at_y) + "\" class=\"" + style + "\" text-anchor=\"" +
           anchor + "\">" + escaped(words) + "</text>\n";
  }
  static std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
    return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
           "\" class=\"" + style + "\"/>\n";
  }
  static std::string tone(const char* kind, std::size_t index) { return kind + std::to_string(index % kTones.size()); }

  void grid() {
    for (int i = 0; i * bytes_.step <= bytes_.end * (1 + 1e-9); ++i) {
      const double bytes = i * bytes_.step;
      body_ += line(kLeft, y(bytes), kWidth - kRight, y(bytes), i == 0 ? "axis" : "grid");
      body_ += text(kLeft - 8, y(bytes) + 4, "soft", "end", format_size(static_cast<std::uint64_t>(bytes)));
    }
    for (int i = 0; i * times_.step <= times_.end * (1 + 1e-9); ++i) {
      const double time = i * times_.step;
      body_ += line(x(time), kTop + kPlotHeight, x(time), kTop + kPlotHeight + 5, "axis");
      body_ += text(x(time), kTop + kPlotHeight + 20, "soft", "middle", time_label(time, times_.step));
    }
  }

  std::string polyline(const std::vector<PlotPoint>& points, const std::string& style) const {
    std::string list;
    for (const PlotPoint& point : points) list += number(x(point.time_s)) + "," + number(y(point.bytes)) + " ";
    return "<polyline class=\"" + style + "\" points=\"" + list + "\"/>\n";
  }

  void curves(std::size_t index) {
    const PlotSeries& one = series_[index];
    if (options_.resident && one.resident.size() > 1) {
      body_ += polyline(one.resident, "rss " + tone("l", index));
    }
    body_ += polyline(one.live, "live " + tone("s", index));
    const std::string peak = "peak " + tone("l", index);
    body_ += line(kLeft, y(one.peak.bytes), kWidth - kRight, y(one.peak.bytes), peak);
    body_ += line(x(one.peak.time_s), y(one.peak.bytes), x(one.peak.time_s), kTop + kPlotHeight, peak);
    for (const PlotMark& mark : one.snapshots) {
      body_ += line(x(mark.time_s), y(mark.bytes), x(mark.time_s), kTop - 4, "mark " + tone("l", index));
      body_ += "<circle cx=\"" + number(x(mark.time_s)) + "\" cy=\"" + number(y(mark.bytes)) + "\" r=\"3.5\" class=\"" +
               tone("f", index) + "\"><title>" + escaped(mark.name) + "</title></circle>\n";
      // Names that would run into one another are in the titles only.
      const double half = static_cast<double>(mark.name.size()) * kLetter / 2;
      if (x(mark.time_s) - half < labelled_to_) continue;
      body_ += text(x(mark.time_s), kTop - 8, "soft", "middle", mark.name);
      labelled_to_ = x(mark.time_s) + half;
    }
  }

  /// mprof's brackets, below the picture; returns where the next thing may begin.
  double brackets(std::size_t index, double top) {
    std::uint32_t rows = 0;
    for (const PlotBracket& bracket : series_[index].brackets) {
      const double at = top + bracket.row * kBracketHeight, from = x(bracket.begin_s), to = x(bracket.end_s);
      body_ += "<path class=\"bracket " + tone("l", index) + "\" d=\"M" + number(from) + " " + number(at - 6) + "V" +
               number(at) + "H" + number(to) + "V" + number(at - 6) + "\"><title>" + escaped(bracket.name) +
               "</title></path>\n";
      // A name that is wider than its bracket would run into the next one: it is in the title.
      if (static_cast<double>(bracket.name.size()) * kLetter < to - from) {
        body_ += text((from + to) / 2, at - 3, "soft", "middle", bracket.name);
      }
      rows = std::max(rows, bracket.row + 1);
    }
    return top + rows * kBracketHeight + (rows > 0 ? kBracketHeight / 2 : 0);
  }

  double legend(std::size_t index, double top) {
    const PlotSeries& one = series_[index];
    body_ += line(kLeft, top - 4, kLeft + 34, top - 4, "live " + tone("s", index));
    std::string words = one.name + ": live heap, peak " + format_size(static_cast<std::uint64_t>(one.peak.bytes)) +
                        " at " + format_duration(one.peak.time_s);
    if (one.trend.known) words += ", slope " + trend_text(one.trend);
    body_ += text(kLeft + 44, top, "", "start", words);
    top += kLegendLine;
    if (options_.resident && one.resident.size() > 1) {
      body_ += line(kLeft, top - 4, kLeft + 34, top - 4, "rss " + tone("l", index));
      body_ += text(kLeft + 44, top, "soft", "start", one.name + ": resident set (RSS)");
      top += kLegendLine;
    }
    return top;
  }

  const std::vector<PlotSeries>& series_;
  const SvgOptions& options_;
  PlotScale times_, bytes_;
  std::string body_;
  double labelled_to_ = 0;  ///< where the last snapshot's name ends
};

}  // namespace

std::string plot_svg(const std::vector<PlotSeries>& series, const SvgOptions& options) {
  return Picture(series, options).draw();
}

}  // namespace memprof::report
