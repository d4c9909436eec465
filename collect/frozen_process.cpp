#include "collect/frozen_process.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "collect/captured_figures.hpp"
#include "collect/stack_tree.hpp"

namespace memprof::collect {

CapturedProcess FrozenProcess::thaw() && {
  CapturedProcess captured;
  captured.modules = std::move(modules);
  accounts.finish(ticks);
  mapped.finish();
  StackTree tree = read_stack_tree(*region, stacks, captured.modules.size(), quality.damage);
  take_figures({accounts, stacks, threads, mapped, texts}, tree, clock, captured);

  captured.memory = std::move(memory);

  Capture& capture = captured.capture;
  capture.unseen_memory = std::move(unseen_memory);
  capture.max_depth = max_depth;
  (forked ? capture.inherited_frees : capture.unknown_frees) = accounts.unknown_frees();
  const wire::Header& header = region->header();
  const std::uint32_t nodes = std::min(header.nodes_used.load(), region->node_capacity());
  capture.overhead_bytes = header.overhead_bytes + sizeof(wire::Header) + ring_bytes + nodes * sizeof(wire::StackNode);
  captured.snapshot.time_s = clock.seconds(ticks);
  capture.hook_cpu_s = static_cast<double>(header.hook_ticks.load()) * clock.ns_per_tick() * 1e-9;
  capture.collector_cpu_s = collector_cpu_s;
  judge_capture(*region, quality, capture);
  captured.stacks = std::move(tree.nodes);
  return captured;
}

std::vector<CapturedModule> copy_of(const std::vector<CapturedModule>& modules) {
  std::vector<CapturedModule> copies;
  copies.reserve(modules.size());
  for (const CapturedModule& module : modules) {
    UniqueFd file(module.file ? ::fcntl(module.file.get(), F_DUPFD_CLOEXEC, 0) : -1);
    copies.push_back({module.path, module.build_id, module.start, module.end, module.bias, std::move(file)});
  }
  return copies;
}

}  // namespace memprof::collect
