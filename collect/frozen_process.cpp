#include "collect/frozen_process.hpp"

#include <fcntl.h>

#include <algorithm>
#include <future>
#include <memory>
#include <system_error>
#include <utility>

#include "collect/stack_tree.hpp"

namespace memprof::collect {

CapturedProcess FrozenProcess::thaw() && {
  CapturedProcess captured = thaw_but_for_sites();
  captured.take_sites(collect::take_sites(booked()));
  return captured;
}

std::jthread FrozenProcess::bring_sites(CapturedProcess& captured) const {
  if (worth_a_thread()) {
    try {
      const auto task = std::make_shared<std::packaged_task<SiteFigures()>>([this] { return take_sites(booked()); });
      std::jthread thread([task] { (*task)(); });
      captured.site_figures = task->get_future();
      return thread;
    } catch (const std::system_error&) {  // there is none to be had
    }
  }
  captured.take_sites(collect::take_sites(booked()));
  return {};
}

CapturedProcess FrozenProcess::thaw_but_for_sites() {
  CapturedProcess captured;
  captured.modules = std::move(modules);
  // Where there is no thread to be had, the default policy does without.
  const auto policy = worth_a_thread() ? std::launch::async | std::launch::deferred : std::launch::deferred;
  auto finishing = std::async(policy, [this] { accounts.finish(ticks); });
  StackTree tree = read_stack_tree(*region, stacks, captured.modules.size(), quality.damage);
  finishing.get();
  mapped.finish();
  take_figures(booked(), tree, clock, captured);

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
