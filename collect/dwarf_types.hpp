#pragma once
// Types as DWARF has them: what they are, how large they are.

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>

namespace memprof::collect {

/// Without typedefs, const, volatile and the like. Nothing for void and for damaged data.
[[nodiscard]] std::optional<Dwarf_Die> plain_type(std::optional<Dwarf_Die> type);

/// sizeof; 0: unknown, or nothing.
[[nodiscard]] std::uint64_t type_bytes(std::optional<Dwarf_Die> type);

/// The first type parameter of a class or function template's instance.
[[nodiscard]] std::optional<Dwarf_Die> first_type_argument(Dwarf_Die instance);

}  // namespace memprof::collect
