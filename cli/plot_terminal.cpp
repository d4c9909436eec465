#include "cli/plot_terminal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/printable.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

using report::PlotPoint;
using report::PlotSeries;

constexpr std::size_t kLabel = 10;  // columns of the byte axis
constexpr int kDotsAcross = 2, kDotsDown = 4;

// Told apart without colour by how many of their dots are left out.
constexpr std::array<const char*, 6> kColours = {"36", "33", "32", "35", "34", "31"};

/// How many dots of a run are drawn, and how many are left out.
struct Dashes {
  int drawn = 1, left_out = 0;
  bool draws(int step) const { return step % (drawn + left_out) < drawn; }
};
constexpr std::array<Dashes, 4> kLines = {{{1, 0}, {6, 2}, {2, 2}, {9, 5}}};
constexpr Dashes kResident{1, 2}, kPeak{1, 5};

void append_utf8(std::string& out, unsigned code) {
  out += static_cast<char>(0xe0 | (code >> 12));
  out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  out += static_cast<char>(0x80 | (code & 0x3f));
}

/// Cells of 2 by 4 dots; a cell has the colour of what was drawn in it last.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t lines)
      : columns_(columns), lines_(lines), dots_(columns * lines, 0), colours_(columns * lines, kNoColour) {}

  int width() const { return static_cast<int>(columns_) * kDotsAcross; }
  int height() const { return static_cast<int>(lines_) * kDotsDown; }

  /// y counts from the bottom.
  void dot(int x, int y, std::size_t colour) {
    if (x < 0 || y < 0 || x >= width() || y >= height()) return;
    const int from_top = height() - 1 - y;
    // U+2800: the dots of the left column are bits 0, 1, 2, 6, those of the right one 3, 4, 5, 7.
    constexpr std::array<std::array<unsigned char, 4>, 2> kBits = {
        {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
    const std::size_t cell =
        static_cast<std::size_t>(from_top / kDotsDown) * columns_ + static_cast<std::size_t>(x / kDotsAcross);
    dots_[cell] |= kBits[static_cast<std::size_t>(x % kDotsAcross)][static_cast<std::size_t>(from_top % kDotsDown)];
    colours_[cell] = colour;
  }

  std::string line(std::size_t index, bool coloured) const {
    std::string out;
    for (std::size_t column = 0; column < columns_; ++column) {
      const std::size_t cell = index * columns_ + column;
      if (dots_[cell] == 0) {
        out += ' ';
        continue;
      }
      if (coloured) out += std::string("\x1b[") + kColours[colours_[cell] % kColours.size()] + "m";
      append_utf8(out, 0x2800U + dots_[cell]);
      if (coloured) out += "\x1b[0m";
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  }

 private:
  static constexpr std::size_t kNoColour = 0;
  std::size_t columns_, lines_;
  std::vector<unsigned char> dots_;
  std::vector<std::size_t> colours_;
};

class Picture {
 public:
  Picture(const std::vector<PlotSeries>& series, const TerminalPlot& plot, const Terminal& terminal)
      : series_(series),
        plot_(plot),
        terminal_(terminal),
        columns_(std::max<std::size_t>(plot.width, 40) - kLabel - 2),
        canvas_(columns_, plot.height) {
    double highest = 0;
    for (const PlotSeries& one : series) {
      longest_ = std::max(longest_, one.duration_s);
      highest = std::max(highest, one.peak.bytes);
      for (const PlotPoint& point : one.live) highest = std::max(highest, point.bytes);
      if (!plot.resident) continue;
      for (const PlotPoint& point : one.resident) highest = std::max(highest, point.bytes);
    }
    bytes_ = report::byte_scale(highest, 4);
    times_ = report::time_scale(longest_, static_cast<int>(std::max<std::size_t>(2, columns_ / 16)));
  }

  std::string draw() {
    for (std::size_t i = 0; i < series_.size(); ++i) {
      const PlotSeries& one = series_[i];
      for (int step = 0; step < canvas_.width(); ++step) {
        if (kPeak.draws(step)) canvas_.dot(step, y(one.peak.bytes), i);
      }
      if (plot_.resident) curve(one.resident, kResident, i);
      curve(one.live, kLines[i % kLines.size()], i);
    }
    std::string out;
    for (std::size_t line = 0; line < plot_.height; ++line)
      out += axis_label(line) + canvas_.line(line, terminal_.colour) + "\n";
    out += time_axis();
    for (std::size_t i = 0; i < series_.size(); ++i) out += snapshot_line(i) + bracket_lines(i);
    out += "\n";
    for (std::size_t i = 0; i < series_.size(); ++i) out += legend(i);
    return out;
  }

 private:
  int x(double time_s) const {
    const double share = longest_ > 0 ? std::clamp(time_s / longest_, 0.0, 1.0) : 0;
    return static_cast<int>(std::lround(share * (canvas_.width() - 1)));
  }
  int y(double bytes) const {
    return static_cast<int>(std::lround(std::clamp(bytes / bytes_.end, 0.0, 1.0) * (canvas_.height() - 1)));
  }
  std::size_t column(double time_s) const { return static_cast<std::size_t>(x(time_s) / kDotsAcross); }

  void curve(const std::vector<PlotPoint>& points, const Dashes& dashes, std::size_t colour) {
    int step = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const PlotPoint& from = points[i == 0 ? 0 : i - 1];
      const int x1 = x(from.time_s), y1 = y(from.bytes), x2 = x(points[i].time_s), y2 = y(points[i].bytes);
      const int length = std::max({std::abs(x2 - x1), std::abs(y2 - y1), 1});
      for (int at = 1; at <= length; ++at, ++step) {
        if (dashes.draws(step)) canvas_.dot(x1 + (x2 - x1) * at / length, y1 + (y2 - y1) * at / length, colour);
      }
    }
  }

  std::string axis_label(std::size_t line) const {
    // A tick is named on the line that its dot is in.
    for (int i = 0; i * bytes_.step <= bytes_.end * (1 + 1e-9); ++i) {
      const double bytes = i * bytes_.step;
      if (static_cast<std::size_t>((canvas_.height() - 1 - y(bytes)) / kDotsDown) != line) continue;
      return padded_left(format_size(static_cast<std::uint64_t>(bytes)), kLabel) + " ┤";
    }
    return std::string(kLabel + 1, ' ') + "│";
  }

  std::string time_axis() const {
    std::string rule = std::string(kLabel + 1, ' ') + "└", labels(kLabel + 2, ' ');
    std::size_t drawn = 0, labelled = 0;
    for (int i = 0; i * times_.step <= longest_ * (1 + 1e-9) && longest_ > 0; ++i) {
      const std::size_t at = column(i * times_.step);
      for (; drawn < at; ++drawn) rule += "─";
      rule += "┬";
      ++drawn;
      const std::string label = report::time_label(i * times_.step, times_.step);
      if (at + display_width(label) > columns_ || at < labelled) continue;
      labels += std::string(at - labelled, ' ') + label + " ";
      labelled = at + display_width(label) + 1;
    }
    for (; drawn < columns_; ++drawn) rule += "─";
    return rule + "\n" + labels + "\n";
  }

  /// Text at columns of the plot, what would overlap left out.
  std::string placed(const std::string& label, const std::vector<std::pair<std::size_t, std::string>>& texts) const {
    std::string line = padded_left(shortened_end(label, kLabel), kLabel) + "  ";
    std::size_t used = 0;
    for (const auto& [at, text] : texts) {
      const std::string shown = at < columns_ ? shortened_end(text, columns_ - at) : "";
      if (shown.empty() || at < used) continue;
      line += std::string(at - used, ' ') + shown;
      used = at + display_width(shown);
    }
    return line + "\n";
  }

  std::string snapshot_line(std::size_t index) const {
    std::vector<std::pair<std::size_t, std::string>> texts;
    for (const report::PlotMark& mark : series_[index].snapshots) {
      texts.emplace_back(column(mark.time_s), "▲" + printable(mark.name) + " ");
    }
    return texts.empty() ? "" : placed("snapshots", texts);
  }

  std::string bracket_lines(std::size_t index) const {
    std::vector<std::vector<std::pair<std::size_t, std::string>>> rows;
    for (const report::PlotBracket& bracket : series_[index].brackets) {
      if (rows.size() <= bracket.row) rows.resize(bracket.row + 1);
      const std::size_t from = column(bracket.begin_s), to = std::max(column(bracket.end_s), from);
      rows[bracket.row].emplace_back(from, bracket_text(printable(bracket.name), to - from + 1));
    }
    std::string lines;
    for (std::size_t row = 0; row < rows.size(); ++row) lines += placed(row == 0 ? "scopes" : "", rows[row]);
    return lines;
  }

  /// "├─ load ─┤", "├┤" where there is no room, "│" in one column.
  static std::string bracket_text(const std::string& name, std::size_t columns) {
    if (columns < 2) return "│";
    const std::size_t room = columns - 2;
    const std::string word = room >= 3 ? shortened_end(name, room) : "";
    const std::size_t rest = room - display_width(word);
    std::string text = "├";
    for (std::size_t i = 0; i < rest / 2; ++i) text += "─";
    text += word;
    for (std::size_t i = rest / 2; i < rest; ++i) text += "─";
    return text + "┤";
  }

  std::string legend(std::size_t index) const {
    const PlotSeries& one = series_[index];
    // What its line looks like.
    Canvas sample(4, 1);
    for (int step = 0; step < sample.width(); ++step) {
      if (kLines[index % kLines.size()].draws(step)) sample.dot(step, 1, index);
    }
    std::string figures =
        ": peak " + format_size(static_cast<std::uint64_t>(one.peak.bytes)) + " at " + format_duration(one.peak.time_s);
    if (one.trend.known) figures += ", slope " + report::trend_text(one.trend);
    if (plot_.resident && !one.resident.empty()) figures += "; sparse: RSS";
    constexpr std::size_t kSample = 6, kShortestName = 8;
    const std::size_t taken = kSample + display_width(figures);
    const std::size_t room = plot_.width > taken + kShortestName ? plot_.width - taken : kShortestName;
    return sample.line(0, terminal_.colour) + "  " + shortened_middle(printable(one.name), room) + figures + "\n";
  }

  const std::vector<PlotSeries>& series_;
  const TerminalPlot& plot_;
  const Terminal& terminal_;
  std::size_t columns_;
  Canvas canvas_;
  double longest_ = 0;
  report::PlotScale bytes_, times_;
};

}  // namespace

std::string plot_text(const std::vector<PlotSeries>& series, const TerminalPlot& plot, const Terminal& terminal) {
  return Picture(series, plot, terminal).draw();
}

}  // namespace memprof::cli
