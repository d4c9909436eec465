#include "report/export_pprof.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "profile/byte_text.hpp"
#include "report/frame_names.hpp"
#include "report/gzip_sink.hpp"
#include "report/labelled_stacks.hpp"
#include "report/protobuf_message.hpp"

namespace memprof::report {
namespace {

// Field numbers of profile.proto.
namespace profile_field {
enum : unsigned {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13,
  kDefaultSampleType = 14
};
}  // namespace profile_field
namespace value_type_field {
enum : unsigned { kType = 1, kUnit = 2 };
}  // namespace value_type_field
namespace sample_field {
enum : unsigned { kLocationId = 1, kValue = 2, kLabel = 3 };
}  // namespace sample_field
namespace label_field {
enum : unsigned { kKey = 1, kText = 2 };
}  // namespace label_field
namespace mapping_field {
enum : unsigned {
  kId = 1,
  kFileName = 5,
  kBuildId = 6,
  kHasFunctions = 7,
  kHasFileNames = 8,
  kHasLineNumbers = 9,
  kHasInlineFrames = 10
};
}  // namespace mapping_field
namespace location_field {
enum : unsigned { kId = 1, kMappingId = 2, kAddress = 3, kLine = 4 };
}  // namespace location_field
namespace line_field {
enum : unsigned { kFunctionId = 1, kLine = 2 };
}  // namespace line_field
namespace function_field {
// Not system_name, which holds the mangled one: where both agree, pprof takes the name apart and merges overloads.
enum : unsigned { kId = 1, kName = 2, kFileName = 4, kStartLine = 5 };
}  // namespace function_field

constexpr std::array<std::pair<const char*, const char*>, 4> kSampleTypes{
    {{"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}}};

class PprofWriter {
 public:
  PprofWriter(const Profile& profile, Metric in_use, TextOutput& out)
      : profile_(profile), in_use_(in_use), out_(out), location_of_(profile.stacks.size()) {
    string("");  // has to be the first one
  }

  void write() {
    write_sample_types();
    write_mappings();
    for (const Site& site : sites_in(profile_, domain_of(in_use_))) write_sample(site);
    write_remarks();
    for (const std::string& text : string_order_) {
      field_.clear();
      field_.bytes(profile_field::kStringTable, text);
      out_.raw(field_.encoded());
    }
  }

 private:
  using Id = std::uint64_t;  // 1 and up; 0: none
  static constexpr Id kFirstLocation = Id{kRootCount} + 1;
  struct Location {
    Id id = 0;
    NodeIndex next = kNoIndex;  // the node after its outermost frame
  };

  std::uint64_t string(const std::string& bytes) {
    const auto [entry, is_new] = strings_.try_emplace(bytes_to_utf8(bytes), string_order_.size());
    if (is_new) string_order_.push_back(entry->first);
    return entry->second;
  }

  void add(unsigned field, const ProtobufMessage& message) {
    field_.clear();
    field_.message(field, message);
    out_.raw(field_.encoded());
  }

  void add(unsigned field, std::uint64_t value) {
    field_.clear();
    field_.integer(field, value);
    out_.raw(field_.encoded());
  }

  ProtobufMessage value_type(const char* type, const char* unit) {
    ProtobufMessage message;
    message.integer(value_type_field::kType, string(type));
    message.integer(value_type_field::kUnit, string(unit));
    return message;
  }

  void write_sample_types() {
    for (const auto& [type, unit] : kSampleTypes) add(profile_field::kSampleType, value_type(type, unit));
  }

  /// Readers take the first one for the program itself.
  void write_mappings() {
    std::vector<std::uint32_t> order(profile_.modules.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_partition(order.begin(), order.end(), [&](std::uint32_t module) {
      return profile_.text(profile_.modules[module].path) == profile_.process.executable;
    });
    for (const std::uint32_t module : order) {
      ProtobufMessage message;
      message.integer(mapping_field::kId, mapping_id(module));
      message.integer(mapping_field::kFileName, string(profile_.text(profile_.modules[module].path)));
      message.integer(mapping_field::kBuildId, string(profile_.text(profile_.modules[module].build_id)));
      // Says that symbols are done with, so that nobody looks for them again on the reader's machine.
      message.boolean(mapping_field::kHasFunctions, true);
      message.boolean(mapping_field::kHasFileNames, true);
      message.boolean(mapping_field::kHasLineNumbers, true);
      message.boolean(mapping_field::kHasInlineFrames, true);
      add(profile_field::kMapping, message);
    }
  }

  static Id mapping_id(std::uint32_t module) { return module == kNoIndex ? 0 : Id{module} + 1; }

  Id write_function(const std::string& name, StringIndex file, std::uint32_t start_line) {
    const auto [entry, is_new] =
        functions_.try_emplace(std::tuple(string(name), file, start_line), functions_.size() + 1);
    if (!is_new) return entry->second;
    ProtobufMessage message;
    message.integer(function_field::kId, entry->second);
    message.integer(function_field::kName, string(name));
    message.integer(function_field::kFileName, string(profile_.text(file)));
    message.integer(function_field::kStartLine, start_line);
    add(profile_field::kFunction, message);
    return entry->second;
  }

  ProtobufMessage line(Id function, std::uint32_t number) {
    ProtobufMessage message;
    message.integer(line_field::kFunctionId, function);
    message.integer(line_field::kLine, number);
    return message;
  }

  /// The location that begins at `node`: its frames outwards up to the first that was really called, which is what one
  /// return address stands for.
  Location write_location(NodeIndex node) {
    Location& known = location_of_[node];
    if (known.id != 0) return known;
    std::vector<FrameIndex> chain;
    NodeIndex next = node;
    do {
      chain.push_back(profile_.stacks[next].frame);
      next = profile_.stacks[next].parent;
    } while (next >= kRootCount && profile_.frames[chain.back()].inlined);
    const auto [entry, is_new] = locations_.try_emplace(chain, locations_.size() + kFirstLocation);
    known = {entry->second, next};
    if (is_new) write_lines(known.id, chain);
    return known;
  }

  void write_lines(Id id, const std::vector<FrameIndex>& chain) {
    const Frame& called = profile_.frames[chain.back()];
    ProtobufMessage message;
    message.integer(location_field::kId, id);
    message.integer(location_field::kMappingId, mapping_id(called.module));
    message.integer(location_field::kAddress, called.offset);
    for (const FrameIndex index : chain) {
      const Frame& frame = profile_.frames[index];
      const Id function = write_function(one_line(function_name(profile_, frame)), frame.file, frame.function_line);
      message.message(location_field::kLine, line(function, frame.line));
    }
    add(profile_field::kLocation, message);
  }

  /// A location that stands for frames that are not there. Those of roots have the first numbers.
  Id write_placeholder(NodeIndex root) {
    Location& known = location_of_[root];
    if (known.id != 0) return known.id;
    known.id = Id{root} + 1;
    ProtobufMessage message;
    message.integer(location_field::kId, known.id);
    const char* const name = root == kCutRoot ? "[outer frames missing]" : "[no stack]";
    message.message(location_field::kLine, line(write_function(name, 0, 0), 0));
    add(profile_field::kLocation, message);
    return known.id;
  }

  void write_sample(const Site& site) {
    if (site.allocations == 0) return;
    ProtobufMessage locations;
    NodeIndex node = site.stack;
    while (node >= kRootCount) {
      const Location location = write_location(node);
      locations.varint(location.id);
      node = location.next;
    }
    if (node != kCompleteRoot || site.stack == kCompleteRoot) locations.varint(write_placeholder(node));

    const bool at_peak = in_use_ != Metric::kLive;
    ProtobufMessage values;
    values.varint(site.allocations);
    values.varint(site.allocated_bytes);
    values.varint(at_peak ? site.peak_blocks : site.live_blocks);
    values.varint(at_peak ? site.peak_bytes : site.live_bytes);

    ProtobufMessage hook;
    hook.integer(label_field::kKey, string("hook"));
    hook.integer(label_field::kText, string(profile_.text(site.hook)));

    ProtobufMessage message;
    message.message(sample_field::kLocationId, locations);
    message.message(sample_field::kValue, values);
    message.message(sample_field::kLabel, hook);
    add(profile_field::kSample, message);
  }

  const char* in_use_text() const {
    if (in_use_ == Metric::kMapped) return "mapped ranges instead of the heap, in use: at their peak";
    return in_use_ == Metric::kPeak ? "in use: at the peak" : "in use: at the end";
  }

  void write_remarks() {
    constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
    constexpr double kNanosecondsPerSecond = 1e9;
    add(profile_field::kTimeNanos,
        static_cast<std::uint64_t>(profile_.process.start_unix_ms) * kNanosecondsPerMillisecond);
    const double duration_s = std::max(profile_.process.duration_s, 0.0);
    add(profile_field::kDurationNanos, static_cast<std::uint64_t>(std::llround(duration_s * kNanosecondsPerSecond)));
    add(profile_field::kPeriodType, value_type("space", "bytes"));
    add(profile_field::kPeriod, 1);  // not sampled
    add(profile_field::kComment, string(profile_.generator));
    add(profile_field::kComment, string(in_use_text()));
    // A program that freed everything has nothing in use, which is no good first view.
    const bool shows_in_use = in_use_ != Metric::kLive || profile_.totals.live_bytes > 0;
    add(profile_field::kDefaultSampleType, string(shows_in_use ? "inuse_space" : "alloc_space"));
  }

  const Profile& profile_;
  Metric in_use_;
  TextOutput& out_;
  ProtobufMessage field_;
  std::unordered_map<std::string, std::uint64_t> strings_;
  std::vector<std::string> string_order_;
  std::map<std::tuple<std::uint64_t, StringIndex, std::uint32_t>, Id> functions_;
  std::map<std::vector<FrameIndex>, Id> locations_;
  std::vector<Location> location_of_;  // that begins at a node, once it is written
};

}  // namespace

Result<void> export_pprof(const Profile& profile, Metric in_use, const ByteSink& sink) {
  GzipSink compressed(sink);
  TextOutput out([&](std::string_view bytes) { return compressed.write(bytes); });
  PprofWriter(profile, in_use, out).write();
  Result<void> written = out.finish();
  return written ? compressed.finish() : written;
}

}  // namespace memprof::report
