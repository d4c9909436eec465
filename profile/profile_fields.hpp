#pragma once
// Every key of a profile file, in the order in which it is written. docs/profile-format.md says what they mean.

#include <array>

#include "profile/field.hpp"
#include "profile/member_count.hpp"
#include "profile/profile.hpp"

namespace memprof {

inline constexpr std::string_view kFormatName = "memprof-profile";

struct FormatVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
};

inline constexpr std::array kVersionFields{
    field<&FormatVersion::major>("major"),
    field<&FormatVersion::minor>("minor"),
};

inline constexpr std::array kProcessFields{
    field<&Process::pid>("pid"),
    field<&Process::parent_pid>("parent_pid"),
    field<&Process::forked>("forked"),
    field<&Process::program>("program"),
    field<&Process::executable>("executable"),
    field<&Process::command>("command"),
    field<&Process::directory>("directory"),
    field<&Process::start_unix_ms>("start_unix_ms"),
    field<&Process::duration_s>("duration_s"),
    field<&Process::end_kind>("end_kind"),
    field<&Process::end_value>("end_value"),
    field<&Process::architecture>("architecture"),
};

inline constexpr std::array kSnapshotFields{
    field<&Snapshot::kind>("kind"),
    field<&Snapshot::name>("name"),
    field<&Snapshot::time_s>("time_s"),
};

inline constexpr std::array kCaptureFields{
    field<&Capture::complete>("complete"),
    field<&Capture::incomplete_reasons>("incomplete_reasons"),
    field<&Capture::degraded_reasons>("degraded_reasons"),
    field<&Capture::unseen_memory>("unseen_memory"),
    field<&Capture::max_depth>("max_depth"),
    field<&Capture::dropped_events>("dropped_events"),
    field<&Capture::truncated_stacks>("truncated_stacks"),
    field<&Capture::lost_stacks>("lost_stacks"),
    field<&Capture::unknown_frees>("unknown_frees"),
    field<&Capture::missed_frees>("missed_frees"),
    field<&Capture::inherited_frees>("inherited_frees"),
    field<&Capture::nested_events>("nested_events"),
    field<&Capture::nested_dropped>("nested_dropped"),
    field<&Capture::ring_waits>("ring_waits"),
    field<&Capture::ring_wait_s>("ring_wait_s"),
    field<&Capture::unwind_fallbacks>("unwind_fallbacks"),
    field<&Capture::unwind_checked>("unwind_checked"),
    field<&Capture::unwind_differences>("unwind_differences"),
    field<&Capture::unresolved_frames>("unresolved_frames"),
    field<&Capture::tick_stride>("tick_stride"),
    field<&Capture::overhead_bytes>("overhead_bytes"),
    field<&Capture::hook_cpu_s>("hook_cpu_s"),
    field<&Capture::collector_cpu_s>("collector_cpu_s"),
};

inline constexpr std::array kTotalsFields{
    field<&Totals::allocations>("allocations"),
    field<&Totals::frees>("frees"),
    field<&Totals::allocated_bytes>("allocated_bytes"),
    field<&Totals::freed_bytes>("freed_bytes"),
    field<&Totals::live_blocks>("live_blocks"),
    field<&Totals::live_bytes>("live_bytes"),
    field<&Totals::peak_bytes>("peak_bytes"),
    field<&Totals::peak_blocks>("peak_blocks"),
    field<&Totals::peak_time_s>("peak_time_s"),
    field<&Totals::temporary_allocations>("temporary_allocations"),
    field<&Totals::failed_allocations>("failed_allocations"),
};

inline constexpr std::array kModuleFields{
    index_field<&Module::path>("path", Reference::kStrings),
    index_field<&Module::build_id>("build_id", Reference::kStrings),
    field<&Module::symbols_found>("symbols_found"),
};

inline constexpr std::array kFrameFields{
    index_field<&Frame::function>("function", Reference::kStrings),
    index_field<&Frame::file>("file", Reference::kStrings),
    field<&Frame::line>("line"),
    field<&Frame::function_line>("function_line"),
    optional_index_field<&Frame::module>("module", Reference::kModules),
    field<&Frame::offset>("offset"),
    field<&Frame::inlined>("inlined"),
    field<&Frame::nearest>("nearest"),
};

inline constexpr std::array kStackFields{
    optional_index_field<&StackNode::parent>("parent", Reference::kStacks),
    optional_index_field<&StackNode::frame>("frame", Reference::kFrames),
};

inline constexpr std::array kTypeFields{
    index_field<&Type::name>("name", Reference::kStrings),
    index_field<&Type::raw_name>("raw_name", Reference::kStrings),
    index_field<&Type::part>("part", Reference::kStrings),
    field<&Type::size>("size"),
    field<&Type::evidence>("evidence"),
};

inline constexpr std::array kSiteFields{
    index_field<&Site::stack>("stack", Reference::kStacks),
    optional_index_field<&Site::type>("type", Reference::kTypes),
    index_field<&Site::hook>("hook", Reference::kStrings),
    field<&Site::allocations>("allocations"),
    field<&Site::allocated_bytes>("allocated_bytes"),
    field<&Site::live_blocks>("live_blocks"),
    field<&Site::live_bytes>("live_bytes"),
    field<&Site::peak_blocks>("peak_blocks"),
    field<&Site::peak_bytes>("peak_bytes"),
    field<&Site::temporary_allocations>("temporary_allocations"),
    field<&Site::failed_allocations>("failed_allocations"),
    field<&Site::min_size>("min_size"),
    field<&Site::max_size>("max_size"),
    field<&Site::size_divisor>("size_divisor"),
    field<&Site::frees>("frees"),
    field<&Site::freed_bytes>("freed_bytes"),
    field<&Site::highest_heap>("highest_heap"),
    field<&Site::size_histogram>("size_histogram"),
    field<&Site::lifetime_histogram>("lifetime_histogram"),
};

inline constexpr std::array kThreadFields{
    field<&Thread::tid>("tid"),
    index_field<&Thread::name>("name", Reference::kStrings),
    field<&Thread::allocations>("allocations"),
    field<&Thread::allocated_bytes>("allocated_bytes"),
    field<&Thread::frees>("frees"),
    field<&Thread::freed_bytes>("freed_bytes"),
    field<&Thread::live_blocks>("live_blocks"),
    field<&Thread::live_bytes>("live_bytes"),
    field<&Thread::peak_blocks>("peak_blocks"),
    field<&Thread::peak_bytes>("peak_bytes"),
    field<&Thread::temporary_allocations>("temporary_allocations"),
};

inline constexpr std::array kTimelineFields{
    field<&TimelinePoint::time_s>("time_s"),
    field<&TimelinePoint::live_bytes>("live_bytes"),
    field<&TimelinePoint::highest_bytes>("highest_bytes"),
    field<&TimelinePoint::rss_bytes>("rss_bytes"),
    field<&TimelinePoint::allocations>("allocations"),
};

inline constexpr std::array kMemoryFields{
    field<&MemoryMoment::time_s>("time_s"),
    field<&MemoryMoment::rss_bytes>("rss_bytes"),
    field<&MemoryMoment::file_bytes>("file_bytes"),
    field<&MemoryMoment::stack_bytes>("stack_bytes"),
    field<&MemoryMoment::direct_bytes>("direct_bytes"),
    field<&MemoryMoment::anonymous_bytes>("anonymous_bytes"),
    field<&MemoryMoment::memprof_bytes>("memprof_bytes"),
    field<&MemoryMoment::live_bytes>("live_bytes"),
    field<&MemoryMoment::mapped_bytes>("mapped_bytes"),
    field<&MemoryMoment::allocator_held>("allocator_held"),
    field<&MemoryMoment::allocator_free>("allocator_free"),
};

inline constexpr std::array kTickFields{
    field<&Tick::time_s>("time_s"),
    field<&Tick::live_bytes>("live_bytes"),
    field<&Tick::live_blocks>("live_blocks"),
    field<&Tick::allocations>("allocations"),
};

inline constexpr std::array kTickChangeFields{
    index_field<&TickChange::tick>("tick", Reference::kTicks),
    index_field<&TickChange::site>("site", Reference::kSites),
    field<&TickChange::live_blocks>("live_blocks"),
    field<&TickChange::live_bytes>("live_bytes"),
};

inline constexpr std::array kScopeFields{
    index_field<&Scope::name>("name", Reference::kStrings),
    optional_index_field<&Scope::parent>("parent", Reference::kScopes),
    index_field<&Scope::thread>("thread", Reference::kThreads),
    field<&Scope::calls>("calls"),
    field<&Scope::unended_calls>("unended_calls"),
    field<&Scope::duration_s>("duration_s"),
    field<&Scope::allocations>("allocations"),
    field<&Scope::allocated_bytes>("allocated_bytes"),
    field<&Scope::frees>("frees"),
    field<&Scope::freed_bytes>("freed_bytes"),
    field<&Scope::peak_bytes>("peak_bytes"),
};

inline constexpr std::array kScopeCallFields{
    index_field<&ScopeCall::scope>("scope", Reference::kScopes),
    field<&ScopeCall::begin_s>("begin_s"),
    field<&ScopeCall::end_s>("end_s"),
    field<&ScopeCall::net_bytes>("net_bytes"),
    field<&ScopeCall::peak_bytes>("peak_bytes"),
    field<&ScopeCall::highest_heap>("highest_heap"),
};

inline constexpr std::array kSnapshotMarkFields{
    field<&SnapshotMark::time_s>("time_s"),
    index_field<&SnapshotMark::name>("name", Reference::kStrings),
    field<&SnapshotMark::live_bytes>("live_bytes"),
    field<&SnapshotMark::live_blocks>("live_blocks"),
};

// A new member of the model needs a line above, one in docs/profile-format.md and one in docs/profile.schema.json.
static_assert(member_count<Process>() == kProcessFields.size());
static_assert(member_count<Snapshot>() == kSnapshotFields.size());
static_assert(member_count<Capture>() == kCaptureFields.size());
static_assert(member_count<Totals>() == kTotalsFields.size());
static_assert(member_count<Module>() == kModuleFields.size());
static_assert(member_count<Frame>() == kFrameFields.size());
static_assert(member_count<StackNode>() == kStackFields.size());
static_assert(member_count<Type>() == kTypeFields.size());
static_assert(member_count<Site>() == kSiteFields.size());
static_assert(member_count<Thread>() == kThreadFields.size());
static_assert(member_count<TimelinePoint>() == kTimelineFields.size());
static_assert(member_count<MemoryMoment>() == kMemoryFields.size());
static_assert(member_count<Tick>() == kTickFields.size());
static_assert(member_count<TickChange>() == kTickChangeFields.size());
static_assert(member_count<Scope>() == kScopeFields.size());
static_assert(member_count<ScopeCall>() == kScopeCallFields.size());
static_assert(member_count<SnapshotMark>() == kSnapshotMarkFields.size());

/// Calls visit(key, Profile member, its fields) for every object of a file, then for every table.
template <typename ProfileType, typename Visit>
void for_each_object(ProfileType& profile, Visit&& visit) {
  visit(std::string_view("process"), profile.process, kProcessFields);
  visit(std::string_view("snapshot"), profile.snapshot, kSnapshotFields);
  visit(std::string_view("capture"), profile.capture, kCaptureFields);
  visit(std::string_view("totals"), profile.totals, kTotalsFields);
  visit(std::string_view("mapped_totals"), profile.mapped_totals, kTotalsFields);
}
template <typename ProfileType, typename Visit>
void for_each_table(ProfileType& profile, Visit&& visit) {
  visit(std::string_view("modules"), profile.modules, kModuleFields);
  visit(std::string_view("frames"), profile.frames, kFrameFields);
  visit(std::string_view("stacks"), profile.stacks, kStackFields);
  visit(std::string_view("types"), profile.types, kTypeFields);
  visit(std::string_view("sites"), profile.sites, kSiteFields);
  visit(std::string_view("mapped_sites"), profile.mapped_sites, kSiteFields);
  visit(std::string_view("threads"), profile.threads, kThreadFields);
  visit(std::string_view("timeline"), profile.timeline, kTimelineFields);
  visit(std::string_view("memory"), profile.memory, kMemoryFields);
  visit(std::string_view("ticks"), profile.ticks, kTickFields);
  visit(std::string_view("tick_changes"), profile.tick_changes, kTickChangeFields);
  visit(std::string_view("scopes"), profile.scopes, kScopeFields);
  visit(std::string_view("scope_calls"), profile.scope_calls, kScopeCallFields);
  visit(std::string_view("snapshots"), profile.snapshots, kSnapshotMarkFields);
}

}  // namespace memprof
