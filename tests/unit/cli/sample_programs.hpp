#pragma once
// Profiles of the sources in tests/approved/sources, as memprof would have written them.

#include <string>

#include "tests/unit/report/sample_profile.hpp"

namespace memprof::tests {

inline std::string sample_source(const std::string& name) { return MEMPROF_APPROVED_DIR "/sources/" + name; }

/// REFERENCE's proof case: two arrays of a million numbers, the first of which is freed.
inline Profile heavy_profile() {
  const std::string file = sample_source("memory_heavy.cpp");
  const FrameText main{.function = "main", .file = file, .line = 29, .function_line = 29};
  const auto heavy = [&](std::uint32_t line) {
    return FrameText{.function = "memory_heavy()", .file = file, .line = line, .function_line = 10};
  };
  const FrameText squares{.function = "squares(long)", .file = file, .line = 18, .function_line = 17};
  const FrameText cubes{.function = "cubes(long)", .file = file, .line = 24, .function_line = 23};
  const FrameText allocate{.function = "std::__new_allocator<long>::allocate(unsigned long, void const*)",
                           .file = "/usr/include/c++/12/bits/new_allocator.h",
                           .line = 137,
                           .inlined = true};
  const FrameText deallocate{.function = "std::vector<long, std::allocator<long> >::~vector()",
                             .file = "/usr/include/c++/12/bits/stl_vector.h",
                             .line = 735,
                             .inlined = true};
  ProfileBuilder builder;
  Profile& profile = builder.profile;
  builder.allocations({allocate, squares, heavy(11), main}, 1, 8'000'000, 0).highest_heap = 8'000'000;
  Site& kept = builder.allocations({allocate, cubes, heavy(12), main}, 1, 8'000'000, 0);
  kept.highest_heap = 16'000'000;
  builder.frees({deallocate, heavy(13), main}, 1, 8'000'000).highest_heap = 8'000'000;
  builder.frees({deallocate, main}, 1, 8'000'000);
  profile.timeline = {{.time_s = 0.0, .live_bytes = 0, .highest_bytes = 0, .rss_bytes = 3 << 20},
                      {.time_s = 0.5, .live_bytes = 8'000'000, .highest_bytes = 8'000'000, .rss_bytes = 11 << 20},
                      {.time_s = 1.2, .live_bytes = 16'000'000, .highest_bytes = 16'000'000, .rss_bytes = 19 << 20},
                      {.time_s = 1.5, .live_bytes = 8'000'000, .highest_bytes = 16'000'000, .rss_bytes = 11 << 20},
                      {.time_s = 2.0, .live_bytes = 0, .highest_bytes = 8'000'000, .rss_bytes = 3 << 20}};
  profile.totals.peak_time_s = 1.2;
  return builder.finished();
}

/// A snapshot of a program with a scope, and one inside it, in two threads.
inline Profile scoped_profile() {
  ProfileBuilder builder;
  Profile& profile = builder.profile;
  profile.process.end_kind = EndKind::kStillRunning;
  profile.snapshot = {SnapshotKind::kProgram, "after warm-up", 1.5};
  profile.threads = {{.tid = 4711, .name = builder.string("app")}, {.tid = 4712}};
  const StringIndex load = builder.string("load"), parse = builder.string("parse\n");
  profile.scopes = {{load, kNoIndex, 0, 1, 0, 1.25, 812'233, 64'000'000, 600'000, 52'000'000, 35'800'000},
                    {parse, 0, 0, 14, 0, 0.75, 790'110, 40'000'000, 600'000, 41'000'000, 2'300'000},
                    {load, kNoIndex, 1, 2, 1, 0.000071, 3, 1500, 3, 1500, 1000}};
  profile.scope_calls = {{0, 0.1, 1.35, 12'000'000, 35'800'000, 36'000'000}};
  profile.snapshots = {{1.5, builder.string("after warm-up"), 12'000'000, 212'233}};
  return builder.finished();
}

/// A binary tree that is never freed, a library without source, names that a terminal must not see, and a capture
/// that isn't complete.
inline Profile tree_profile() {
  const std::string file = sample_source("tree.cpp");
  const FrameText main{.function = "main", .file = file, .line = 18, .function_line = 17};
  const auto grow = [&](std::uint32_t line) {
    return FrameText{.function = "Node* grow<int>(int)", .file = file, .line = line, .function_line = 8};
  };
  const FrameText make{.function = "operator new(unsigned long)", .module = "/lib/libstdc++.so.6"};
  const FrameText evil{
      .function = "\x1b[31mred\n", .file = file, .line = 19, .function_line = 17, .module = "/evil\x07"};
  const FrameText long_name{
      .function =
          "boost::multi_index::multi_index_container<Order, boost::multi_index::indexed_by<"
          "boost::multi_index::ordered_unique<boost::multi_index::identity<Order> > > >::insert(Order const&)",
      .file = "/opt/somewhere/far/away/in/a/tree/of/folders/with/long/names/orders/container.hpp",
      .line = 1234};
  ProfileBuilder builder;
  builder.allocations({make, grow(9), main}, 1, 16, 1);
  builder.allocations({make, grow(9), grow(11), main}, 1, 16, 1);
  builder.allocations({make, grow(9), grow(12), main}, 1, 16, 1);
  builder.allocations({make, grow(9), grow(11), grow(11), grow(11), grow(11), grow(11), main}, 60, 16, 60);
  builder
      .allocations(
          {{.function = "load_file", .module = "/usr/lib/libload.so.2", .offset = 0x1234, .nearest = true}, main}, 4,
          65536, 2)
      .temporary_allocations = 2;
  builder.allocations({{.module = "/usr/lib/libload.so.2", .offset = 0x4321}}, 3, 100, 3, kCutRoot);
  builder.allocations({evil, main}, 1, 7, 1);
  builder.allocations({long_name, main}, 1000, 1000, 1000);
  builder.allocations({}, 2, 5, 2, kLostRoot);
  builder.frees({{.function = "load_file", .module = "/usr/lib/libload.so.2", .offset = 0x1234, .nearest = true}, main},
                2, 65536);
  Profile& profile = builder.profile;
  profile.process.program = "tree\x1b[2J";
  profile.process.command = {"./tree", "it's", "a file", ""};
  profile.process.end_kind = EndKind::kSignalled;
  profile.process.end_value = 9;
  profile.capture.complete = false;
  profile.capture.incomplete_reasons = {"2 events were dropped", "memprof was interrupted"};
  profile.capture.dropped_events = 2;
  profile.capture.truncated_stacks = 3;
  profile.capture.ring_waits = 1500;
  profile.capture.ring_wait_s = 0.25;
  profile.threads = {{.tid = 4711, .name = builder.string("tree"), .allocations = 1072, .live_bytes = 1132484},
                     {.tid = 4712, .allocations = 3, .live_blocks = 3, .live_bytes = 300}};
  return builder.finished();
}

/// The tree after an edit: built elsewhere, one line lower, without the library's leak, and with more nodes.
inline Profile later_tree_profile() {
  const std::string file = sample_source("tree.cpp");
  const FrameText main{.function = "main", .file = file, .line = 18, .function_line = 17, .module = "/other/bin/app"};
  const auto grow = [&](std::uint32_t line) {
    return FrameText{.function = "Node* grow<int>(int)", .file = file, .line = line, .function_line = 8};
  };
  const FrameText moved{.function = "orders(int)", .file = file, .line = 20, .function_line = 17};
  ProfileBuilder builder;
  builder.allocations({grow(9), main}, 100, 16, 100);
  builder.allocations({grow(9), grow(11), grow(11), grow(11), grow(11), grow(11), main}, 60, 16, 60);
  builder
      .allocations(
          {{.function = "load_file", .module = "/usr/lib/libload.so.3", .offset = 0x999, .nearest = true}, main}, 4,
          65536, 0)
      .temporary_allocations = 4;
  builder.allocations({moved, main}, 10, 100000, 10);
  builder.profile.process.program = "tree-2";
  return builder.finished();
}

}  // namespace memprof::tests
