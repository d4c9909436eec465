#pragma once
// The engine's accounts in the words of the profile model.

#include "collect/captured_process.hpp"
#include "collect/engine.hpp"
#include "collect/stack_tree.hpp"
#include "collect/tick_clock.hpp"

namespace memprof::collect {

/// Fills in totals, sites, threads, timeline, names, and what the accounts know of the capture. After
/// Engine::finish().
void take_figures(const Engine& engine, const StackTree& tree, const TickClock& clock, CapturedProcess& captured);

}  // namespace memprof::collect
