#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

namespace memprof {

namespace member_count_detail {

/// Converts to whatever a member is, but not to the struct itself, which would be a copy and count as one member.
template <typename Aggregate>
struct Anything {
  template <typename Member>
  requires(!std::is_same_v<Member, Aggregate>) operator Member() const;
};

template <typename Aggregate, std::size_t>
using AnythingAt = Anything<Aggregate>;

template <typename Aggregate, std::size_t... kIndices>
constexpr bool takes(std::index_sequence<kIndices...>) {
  return requires { Aggregate{AnythingAt<Aggregate, kIndices>{}...}; };
}

}  // namespace member_count_detail

/// Members of an aggregate: the longest list of initializers that it takes.
template <typename Aggregate, std::size_t kTried = 0>
constexpr std::size_t member_count() {
  if constexpr (member_count_detail::takes<Aggregate>(std::make_index_sequence<kTried + 1>())) {
    return member_count<Aggregate, kTried + 1>();
  } else {
    return kTried;
  }
}

}  // namespace memprof
