#include "cli/type_text.hpp"

#include "cli/printable.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

using report::TypeShare;

std::string agreement(const Type& type, const TypeShare& share) {
  if (type.size == 0) return "size of the type unknown";
  const std::string size = std::to_string(type.size) + " B";
  if (!share.multiples) return "multiples of " + size + " behind a count of elements";
  if (share.smallest == share.largest && share.smallest == type.size) return "each " + size;
  return "multiples of " + size;
}

std::string sizes_text(const TypeShare& share) {
  const std::string from = std::to_string(share.smallest), to = std::to_string(share.largest);
  return "sizes " + (from == to ? from : from + " to " + to) + " B";
}

}  // namespace

std::string type_details(const Profile& profile, const report::GroupRow& row, report::Metric metric, unsigned width) {
  constexpr const char* kIndent = "    ";
  std::string text;
  for (const TypeShare& share : row.shares) {
    const report::Measure measure = report::measure(share.sums, metric);
    if (measure.bytes == 0 && measure.count == 0) continue;
    std::string line = format_count(measure.count) + " × ";
    if (share.type == kNoIndex) {
      line += sizes_text(share) + ": no evidence of a type";
    } else {
      const Type& type = profile.types[share.type];
      const std::string& part = profile.text(type.part);
      line += printable(profile.text(type.raw_name)) + (part.empty() ? "" : " (" + part + ")") + ": " +
              report::evidence_text(type.evidence) + ", " + agreement(type, share);
    }
    text += kIndent + shortened_middle(line, width == 0 ? 0 : width - 4) + "\n";
  }
  return text;
}

Json json_types(const Profile& profile, const report::GroupRow& row, report::Metric metric) {
  Json list = Json::array();
  for (const TypeShare& share : row.shares) {
    const report::Measure measure = report::measure(share.sums, metric);
    Json entry = {{"bytes", measure.bytes},
                  {"count", measure.count},
                  {"smallest_block", share.smallest},
                  {"largest_block", share.largest}};
    if (share.type != kNoIndex) {
      const Type& type = profile.types[share.type];
      entry["raw_name"] = profile.text(type.raw_name);
      entry["part"] = profile.text(type.part);
      entry["type_size"] = type.size;
      entry["evidence"] = report::evidence_text(type.evidence);
      entry["multiples"] = share.multiples;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace memprof::cli
