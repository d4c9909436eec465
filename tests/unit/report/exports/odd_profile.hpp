#pragma once
// One profile with everything that an exporter can stumble over: inlined frames, stacks that are cut, lost or empty,
// frames without names, two addresses on one line, and characters that mean something in some format.

#include "tests/unit/report/sample_profile.hpp"

namespace memprof::tests {

inline Profile odd_profile() {
  ProfileBuilder b;
  const FrameText main{
      .function = "main", .file = "/home/me/app.cpp", .line = 30, .function_line = 28, .offset = 0x1010};
  const FrameText load{
      .function = "load(char const*)", .file = "/home/me/app.cpp", .line = 20, .function_line = 18, .offset = 0x1100};
  const FrameText fill{.function = "Buffer::fill(int)",
                       .file = "/home/me/buffer.hpp",
                       .line = 7,
                       .function_line = 5,
                       .inlined = true,
                       .offset = 0x1100};
  Site& filled = b.allocations({fill, load, main}, 4, 1000, 1);
  filled.temporary_allocations = 2;
  filled.size_histogram = {{10, 4}};
  filled.lifetime_histogram = {{11, 2}, {21, 1}};  // 2 of 1.5 µs, 1 of 1.5 ms
  b.allocations({{.function = "run()::{lambda(int)#1}::operator()(int) const; \"x, y\"\n",
                  .file = "/home/me/\xff.cpp",
                  .line = 3,
                  .offset = 0x1200},
                 main},
                2, 500, 0);
  b.allocations({{.function = "twice()", .file = "/home/me/app.cpp", .line = 9, .offset = 0x1300}, main}, 1, 300, 1);
  b.allocations({{.function = "twice()", .file = "/home/me/app.cpp", .line = 9, .offset = 0x1310}, main}, 1, 200, 1);
  b.allocations({{.function = "", .module = "/usr/lib/libx.so.1", .offset = 0x2345},
                 {.function = "g_main", .module = "/usr/lib/libglib.so", .offset = 0x42, .nearest = true}},
                1, 700, 1, kCutRoot);
  b.allocations({}, 3, 100, 0, kLostRoot);
  b.allocations({}, 1, 50, 0, kCompleteRoot);
  b.allocations({{.function = "tiny()", .file = "/home/me/app.cpp", .line = 40, .offset = 0x1400}, main}, 1, 8, 1);
  b.allocations({{.function = "small()", .file = "/home/me/app.cpp", .line = 41, .offset = 0x1410}, main}, 1, 9, 1);
  b.frees({{.function = "drop()", .file = "/home/me/app.cpp", .line = 50, .offset = 0x1500}, main}, 8, 625);
  Profile profile = b.finished();
  profile.process.start_unix_ms = 1'700'000'000'000;
  profile.process.command = {"app", "--title=a #1 \"quoted\"", "b\nc"};
  profile.totals.peak_time_s = 1.25;
  profile.timeline = {{0, 0, 0, 1 << 20, 0}, {1, 5000, 5200, 1 << 21, 6}, {1.5, 3000, 6567, 1 << 21, 14}};
  return profile;
}

}  // namespace memprof::tests
