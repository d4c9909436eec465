#pragma once
// Every key of an index file beside those of a process, in the order in which it is written. docs/process-tree.md says
// what they mean.

#include <array>

#include "profile/member_count.hpp"
#include "profile/process_tree.hpp"
#include "profile/profile_fields.hpp"

namespace memprof {

inline constexpr std::string_view kTreeFormatName = "memprof-tree";
inline constexpr FormatVersion kTreeVersion{1, 0};

inline constexpr std::array kTreeFields{
    field<&ProcessTree::generator>("generator"),     field<&ProcessTree::peak_bytes>("peak_bytes"),
    field<&ProcessTree::peak_blocks>("peak_blocks"), field<&ProcessTree::least_peak_bytes>("least_peak_bytes"),
    field<&ProcessTree::peak_exact>("peak_exact"),   field<&ProcessTree::peak_time_s>("peak_time_s"),
};

inline constexpr std::array kTreeProcessFields{
    optional_index_field<&TreeProcess::parent>("parent", Reference::kNone),
    optional_index_field<&TreeProcess::replaced>("replaced", Reference::kNone),
    field<&TreeProcess::recorded>("recorded"),
    field<&TreeProcess::unrecorded_reason>("unrecorded_reason"),
    field<&TreeProcess::complete>("complete"),
    field<&TreeProcess::allocations>("allocations"),
    field<&TreeProcess::frees>("frees"),
    field<&TreeProcess::allocated_bytes>("allocated_bytes"),
    field<&TreeProcess::live_bytes>("live_bytes"),
    field<&TreeProcess::peak_bytes>("peak_bytes"),
    field<&TreeProcess::peak_time_s>("peak_time_s"),
    field<&TreeProcess::tree_peak_bytes>("tree_peak_bytes"),
    field<&TreeProcess::profile>("profile"),
};

// A new member of the model needs a line above, one in docs/process-tree.md and one in docs/process-tree.schema.json.
static_assert(member_count<ProcessTree>() == kTreeFields.size() + 1);         // and the processes
static_assert(member_count<TreeProcess>() == kTreeProcessFields.size() + 1);  // and the process
}  // namespace memprof
