#include "report/export_csv.hpp"

#include <array>
#include <string>
#include <string_view>

#include "profile/byte_text.hpp"
#include "report/frame_names.hpp"
#include "report/labelled_stacks.hpp"
#include "report/own_frame.hpp"

namespace memprof::report {
namespace {

struct Column {
  std::string_view name;
  std::uint64_t Site::*figure;
};

constexpr std::array kFigures{
    Column{"allocations", &Site::allocations},
    Column{"allocated_bytes", &Site::allocated_bytes},
    Column{"frees", &Site::frees},
    Column{"freed_bytes", &Site::freed_bytes},
    Column{"live_blocks", &Site::live_blocks},
    Column{"live_bytes", &Site::live_bytes},
    Column{"peak_blocks", &Site::peak_blocks},
    Column{"peak_bytes", &Site::peak_bytes},
    Column{"temporary_allocations", &Site::temporary_allocations},
    Column{"failed_allocations", &Site::failed_allocations},
    Column{"min_size", &Site::min_size},
    Column{"max_size", &Site::max_size},
    Column{"highest_heap", &Site::highest_heap},
};

/// As it stands between quotes.
std::string quotable(const std::string& bytes) {
  std::string text = bytes_to_utf8(bytes);
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
  return text;
}

/// In quotes where the text needs them.
void write_text(const std::string& bytes, TextOutput& out) {
  const std::string text = quotable(bytes);
  const std::string_view quote = text.find_first_of(",\"\r\n") == std::string::npos ? "" : "\"";
  out.raw(quote);
  out.raw(text);
  out.raw(quote);
}

void write_stack(const LabelledStacks& stacks, NodeIndex node, TextOutput& out) {
  const auto path = stacks.path(stacks.of_node(node));
  for (auto label = path.rbegin(); label != path.rend(); ++label) {
    out.raw(label == path.rbegin() ? ",\"" : ";");
    out.raw(stacks.labels()[*label].text);
  }
  out.raw("\"\n");
}

void write_place(const Profile& profile, const Frame* frame, TextOutput& out) {
  if (frame == nullptr) return out.raw(",,,");
  write_text(function_name(profile, *frame), out);
  out.raw(",");
  write_text(profile.text(frame->file), out);
  out.raw(",");
  if (frame->line != 0) out.number(frame->line);
  out.raw(",");
  if (frame->module != kNoIndex) write_text(module_name(profile, *frame), out);
}

}  // namespace

Result<void> export_csv(const Profile& profile, const ByteSink& sink) {
  const OwnFrames own = find_own_frames(profile, false);
  const LabelledStacks stacks(profile, [&](const Frame& frame) { return quotable(function_name(profile, frame)); });
  TextOutput out(sink);
  out.raw("function,file,line,module,hook");
  for (const Column& column : kFigures) {
    out.raw(",");
    out.raw(column.name);
  }
  out.raw(",stack\n");
  for (const Site& site : profile.sites) {
    const FrameIndex frame = profile.stacks[own.source[site.stack]].frame;
    write_place(profile, frame == kNoIndex ? nullptr : &profile.frames[frame], out);
    out.raw(",");
    write_text(profile.text(site.hook), out);
    for (const Column& column : kFigures) {
      out.raw(",");
      out.number(site.*column.figure);
    }
    write_stack(stacks, site.stack, out);
  }
  return out.finish();
}

}  // namespace memprof::report
