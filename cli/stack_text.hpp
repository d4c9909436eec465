#pragma once
// Call stacks for people: one frame a line from the innermost outwards, source lines below.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "profile/profile.hpp"
#include "report/own_frame.hpp"
#include "report/source_text.hpp"

namespace memprof::cli {

/// The same stack in an older profile: frames that were in other lines there say so.
struct OlderStack {
  const Profile* profile = nullptr;
  NodeIndex node = kNoIndex;
};

class StackText {
 public:
  /// `profile` must outlive it; `width` in columns, 0: no limit.
  StackText(const Profile& profile, std::vector<std::string> source_directories, Terminal terminal, unsigned width)
      : profile_(profile),
        kinds_(report::classify_frames(profile)),
        sources_(std::move(source_directories)),
        terminal_(terminal),
        width_(width) {}

  /// Ends with an end of line. Source text is shown of the program's own frames, not of standard libraries. Repeated
  /// frames of recursion are told as such; a stack whose outer part is missing says so.
  std::string of(NodeIndex node, const OlderStack& older = {});

 private:
  std::string frame_text(FrameIndex index, std::uint32_t moved_from);
  std::string frame_line(const Frame& frame, std::uint32_t moved_from, std::size_t width) const;

  const Profile& profile_;
  std::vector<report::FrameKind> kinds_;
  report::SourceFiles sources_;
  Terminal terminal_;
  unsigned width_;
};

}  // namespace memprof::cli
