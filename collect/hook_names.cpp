#include "collect/hook_names.hpp"

#include <array>

namespace memprof::collect {
namespace {

constexpr std::array<std::string_view, wire::kHookCount> kNames{
    "malloc", "calloc",          "realloc",           "reallocarray", "memalign", "operator new", "operator new[]",
    "free",   "operator delete", "operator delete[]", "mmap",         "munmap",   "mremap",       "sbrk"};

}  // namespace

std::string_view hook_name(wire::Hook hook) {
  const auto index = static_cast<std::size_t>(hook);
  return index < kNames.size() ? kNames[index] : std::string_view{"?"};
}

std::vector<std::string> hook_names() { return {kNames.begin(), kNames.end()}; }

}  // namespace memprof::collect
