#include "report/scope_tree.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace memprof::report {
namespace {

struct Node {
  ScopeRow row;
  std::vector<std::size_t> children;
};

void add(ScopeRow& row, const Scope& scope) {
  if (row.thread != scope.thread && row.calls != 0) row.thread = kNoIndex;
  row.calls += scope.calls;
  row.unended_calls += scope.unended_calls;
  row.duration_s += scope.duration_s;
  row.allocations += scope.allocations;
  row.allocated_bytes += scope.allocated_bytes;
  row.frees += scope.frees;
  row.freed_bytes += scope.freed_bytes;
  row.peak_bytes = std::max(row.peak_bytes, scope.peak_bytes);
}

}  // namespace

std::vector<ScopeRow> scope_tree(const Profile& profile, ScopeThreads threads) {
  std::vector<Node> nodes(1);  // the first one has the outermost scopes as its children
  std::map<std::tuple<std::size_t, StringIndex, std::uint32_t>, std::size_t> known;  // parent, name, thread
  std::vector<std::size_t> node_of;
  for (const Scope& scope : profile.scopes) {
    const std::size_t parent = scope.parent == kNoIndex ? 0 : node_of[scope.parent];
    const std::uint32_t thread = threads == ScopeThreads::kApart ? scope.thread : 0;
    const auto [entry, is_new] = known.try_emplace({parent, scope.name, thread}, nodes.size());
    if (is_new) {
      Node node;
      node.row.name = scope.name;
      node.row.thread = scope.thread;
      nodes.push_back(node);
      nodes[parent].children.push_back(entry->second);
    }
    node_of.push_back(entry->second);
    add(nodes[entry->second].row, scope);
  }
  // Rows of one thread need not be neighbours, its outermost scopes have to be.
  std::map<std::uint32_t, std::size_t> first_of_thread;
  for (std::size_t i = 0; i < profile.scopes.size(); ++i) first_of_thread.try_emplace(profile.scopes[i].thread, i);
  if (threads == ScopeThreads::kApart) {
    std::stable_sort(nodes[0].children.begin(), nodes[0].children.end(), [&](std::size_t a, std::size_t b) {
      return first_of_thread[nodes[a].row.thread] < first_of_thread[nodes[b].row.thread];
    });
  }
  struct Step {
    std::size_t node;
    unsigned depth;
  };
  std::vector<Step> stack;
  const auto push_children = [&](std::size_t node, unsigned depth) {
    for (auto child = nodes[node].children.rbegin(); child != nodes[node].children.rend(); ++child) {
      stack.push_back({*child, depth});
    }
  };
  std::vector<ScopeRow> rows;
  push_children(0, 0);
  while (!stack.empty()) {
    const Step step = stack.back();
    stack.pop_back();
    rows.push_back(nodes[step.node].row);
    rows.back().depth = step.depth;
    push_children(step.node, step.depth + 1);
  }
  return rows;
}

}  // namespace memprof::report
