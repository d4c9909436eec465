#include "cli/memory_text.hpp"

#include <algorithm>
#include <array>

#include "cli/units.hpp"
#include "profile/memory_coverage.hpp"

namespace memprof::cli {
namespace {

struct Part {
  const char* name;
  std::uint64_t bytes;
};

std::array<Part, 7> parts_of(const MemoryCoverage& coverage) {
  return {{{"heap", coverage.heap},
           {"allocator", coverage.allocator},
           {"direct mappings", coverage.direct},
           {"files", coverage.files},
           {"stacks", coverage.stacks},
           {"memprof", coverage.memprof},
           {"not explained", coverage.unexplained}}};
}

}  // namespace

std::string coverage_text(const Profile& profile, const MemoryMoment& moment) {
  auto parts = parts_of(cover_memory(moment, profile.totals.peak_bytes));
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.bytes > b.bytes; });
  std::string text;
  for (const Part& part : parts) {
    if (part.bytes * 100 < moment.rss_bytes) continue;
    text += (text.empty() ? "" : " + ") + std::string(part.name) + " " + format_size(part.bytes);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> coverage_lines(const Profile& profile, const MemoryMoment& moment) {
  const MemoryCoverage coverage = cover_memory(moment, profile.totals.peak_bytes);
  std::vector<std::pair<std::string, std::string>> lines;
  std::string heap = format_size(coverage.heap) + " in live blocks";
  if (coverage.untouched > 0) heap += ", and " + format_size(coverage.untouched) + " that were never touched";
  lines.emplace_back("  heap", heap);
  std::string allocator = format_size(coverage.allocator) + " of overhead and free chunks";
  if (moment.allocator_held != 0) {
    allocator += " (it holds " + format_size(moment.allocator_held) + ", " + format_size(moment.allocator_free) +
                 " of them free)";
  }
  lines.emplace_back("  allocator", allocator);
  lines.emplace_back("  mapped", format_size(coverage.direct) + " of the " + format_size(moment.mapped_bytes) +
                                     " that the program maps itself");
  lines.emplace_back("  files", format_size(coverage.files) + " of the program, its libraries and mapped files");
  lines.emplace_back("  stacks", format_size(coverage.stacks));
  lines.emplace_back("  memprof", format_size(coverage.memprof));
  lines.emplace_back("  unexplained", format_size(coverage.unexplained));
  return lines;
}

Json json_memory(const Profile& profile) {
  Json moments = Json::array();
  for (const MemoryMoment& moment : profile.memory) {
    const MemoryCoverage coverage = cover_memory(moment, profile.totals.peak_bytes);
    moments.push_back({{"time_s", moment.time_s},
                       {"rss_bytes", moment.rss_bytes},
                       {"heap_bytes", coverage.heap},
                       {"allocator_bytes", coverage.allocator},
                       {"direct_bytes", coverage.direct},
                       {"file_bytes", coverage.files},
                       {"stack_bytes", coverage.stacks},
                       {"memprof_bytes", coverage.memprof},
                       {"unexplained_bytes", coverage.unexplained},
                       {"untouched_bytes", coverage.untouched},
                       {"live_bytes", moment.live_bytes},
                       {"mapped_bytes", moment.mapped_bytes},
                       {"allocator_held_bytes", moment.allocator_held},
                       {"allocator_free_bytes", moment.allocator_free}});
  }
  return moments;
}

}  // namespace memprof::cli
