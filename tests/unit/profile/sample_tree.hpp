#pragma once
// An index with something in every key.

#include "profile/process_tree.hpp"

namespace memprof::test {

inline ProcessTree sample_tree() {
  ProcessTree tree;
  tree.generator = "memprof 0.1.0";
  tree.peak_bytes = 5000;
  tree.peak_blocks = 7;
  tree.least_peak_bytes = 4999;
  tree.peak_exact = false;
  tree.peak_time_s = 0.25;
  TreeProcess first;
  first.process.pid = 4711;
  first.process.parent_pid = 1;
  first.process.program = "make\xff";
  first.process.executable = "/usr/bin/make";
  first.process.command = {"make", "-j2", "\"quoted\"\n"};
  first.process.directory = "/tmp";
  first.process.start_unix_ms = 1'795'179'226'494;
  first.process.duration_s = 1.5;
  first.process.end_kind = EndKind::kReplaced;
  first.process.architecture = "x86_64";
  first.allocations = 10;
  first.frees = 4;
  first.allocated_bytes = 10'000;
  first.live_bytes = 2000;
  first.peak_bytes = 4000;
  first.peak_time_s = 0.125;
  first.tree_peak_bytes = 3000;
  first.profile = "a.json";
  TreeProcess second;
  second.process.pid = 4712;
  second.process.forked = true;
  second.process.program = "busybox";
  second.process.end_kind = EndKind::kSignalled;
  second.process.end_value = 9;
  second.parent = 0;
  second.recorded = false;
  second.unrecorded_reason = "is a static program";
  TreeProcess third;
  third.process.pid = 4711;
  third.replaced = 0;
  third.complete = false;
  tree.processes = {first, second, third};
  return tree;
}

}  // namespace memprof::test
