#pragma once
// What one process image did, with symbols resolved: the word that collect/ hands to report/, and what a profile file
// holds. Plain data; docs/profile-format.md describes the same thing as JSON.
//
// Indices: a StringIndex points into Profile::strings, where 0 is the empty string. Other indices are row numbers of
// the tables below. A Profile that came out of read_profile() has had every index checked.
// Sizes are requested bytes, times are seconds since the start of the process image.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "profile/histogram.hpp"

namespace memprof {

using StringIndex = std::uint32_t;
using FrameIndex = std::uint32_t;
using NodeIndex = std::uint32_t;
inline constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

enum class EndKind : std::uint8_t {
  kExited,        ///< end_value: exit status
  kSignalled,     ///< end_value: signal number
  kReplaced,      ///< exec: the process lives on as another program
  kStillRunning,  ///< the profile was written before the process ended
  kUnknown,       ///< ended, but its status was not ours to see
};

struct Process {
  std::int32_t pid = 0;
  std::int32_t parent_pid = 0;
  bool forked = false;               ///< began as a fork, so blocks of its parent live on in it
  std::string program;               ///< base name
  std::string executable;            ///< absolute path
  std::vector<std::string> command;  ///< argv
  std::string directory;             ///< working directory at the start
  std::int64_t start_unix_ms = 0;
  double duration_s = 0;
  EndKind end_kind = EndKind::kUnknown;
  std::int32_t end_value = 0;
  std::string architecture;  ///< as in uname -m
  friend bool operator==(const Process&, const Process&) = default;
};

/// Why a profile was written before its process had ended.
enum class SnapshotKind : std::uint8_t {
  kNone,      ///< it is no snapshot: the profile of the whole run
  kCommand,   ///< `memprof snapshot`
  kInterval,  ///< --snapshot-every
  kSignal,    ///< --snapshot-on
  kProgram,   ///< the program called memprof_snapshot()
  kPeak,      ///< --snapshot-at-peak: how things stood when the heap was largest
};

/// Of a profile that shows one moment of a process that ran on. "At the end" then means that moment.
struct Snapshot {
  SnapshotKind kind = SnapshotKind::kNone;
  std::string name;   ///< "after warm-up"; empty: no snapshot
  double time_s = 0;  ///< the moment
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// How far the figures can be trusted.
struct Capture {
  bool complete = true;                         ///< nothing that changes a figure was lost; see incomplete_reasons
  std::vector<std::string> incomplete_reasons;  ///< sentences, empty when complete
  std::vector<std::string> degraded_reasons;    ///< sentences: figures are right but say less than they might
  std::string unseen_memory;    ///< a sentence: why most of the program's memory is in no figure; empty: it is not so
  std::uint32_t max_depth = 0;  ///< 0: stacks were switched off
  std::uint64_t dropped_events = 0;
  std::uint64_t truncated_stacks = 0;  ///< events whose outer frames are missing
  std::uint64_t lost_stacks = 0;       ///< events without any stack because the tree was full
  std::uint64_t unknown_frees = 0;     ///< frees of addresses never seen allocated; no figure counts them
  std::uint64_t inherited_frees = 0;   ///< in a forked child: frees of its parent's blocks
  std::uint64_t missed_frees = 0;      ///< blocks whose address was handed out again without a free having been seen;
                                       ///< in Totals::frees, but in no site's and no thread's
  std::uint64_t nested_events = 0;     ///< made by signal handlers inside a hook, recorded
  std::uint64_t nested_dropped = 0;    ///< the same, not recorded
  std::uint64_t ring_waits = 0;
  double ring_wait_s = 0;
  std::uint64_t unwind_fallbacks = 0;
  std::uint64_t unwind_checked = 0, unwind_differences = 0;  ///< only in builds with MEMPROF_CHECK_UNWIND
  std::uint64_t unresolved_frames = 0;                       ///< frames without a function name
  std::uint32_t tick_stride = 0;     ///< calls of memprof_tick() that a row of Profile::ticks stands for; 0: none
  std::uint64_t overhead_bytes = 0;  ///< memory that memprof itself used in the process, private and shared
  double hook_cpu_s = 0;       ///< time that the program's threads spent in memprof's hooks, estimated from samples
  double collector_cpu_s = 0;  ///< time that memprof's own process spent on taking this process's events over
  friend bool operator==(const Capture&, const Capture&) = default;
};

struct Totals {
  std::uint64_t allocations = 0;  ///< successful ones; realloc counts as one free and one allocation
  std::uint64_t frees = 0;
  std::uint64_t allocated_bytes = 0;
  std::uint64_t freed_bytes = 0;
  std::uint64_t live_blocks = 0;  ///< at the end
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;             ///< highest sum of requested bytes at any one time
  std::uint64_t peak_blocks = 0;            ///< blocks at that same time
  double peak_time_s = 0;                   ///< when the peak was first reached
  std::uint64_t temporary_allocations = 0;  ///< freed by the same thread before its next allocation
  std::uint64_t failed_allocations = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};

/// Where the process's resident memory was at one time, by the kernel's word. The kinds add up to rss_bytes.
struct MemoryMoment {
  double time_s = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t file_bytes = 0;       ///< mapped files: code, their data and zeroed data, files that the program maps
  std::uint64_t stack_bytes = 0;      ///< stacks of threads
  std::uint64_t direct_bytes = 0;     ///< in ranges that the program mapped itself, files excepted
  std::uint64_t anonymous_bytes = 0;  ///< all other: the allocator's, and whatever else there may be
  std::uint64_t memprof_bytes = 0;    ///< memprof's own
  // At the same time, by other words than the kernel's:
  std::uint64_t live_bytes = 0;      ///< of live blocks, as requested
  std::uint64_t mapped_bytes = 0;    ///< of ranges that the program mapped itself, resident or not
  std::uint64_t allocator_held = 0;  ///< what the allocator says that it has from the kernel (mallinfo2); 0: unknown
  std::uint64_t allocator_free = 0;  ///< of that, in free chunks
  friend bool operator==(const MemoryMoment&, const MemoryMoment&) = default;
};

struct Module {
  StringIndex path = 0;
  StringIndex build_id = 0;    ///< lower-case hex
  bool symbols_found = false;  ///< false: no DWARF and no symbol table
  friend bool operator==(const Module&, const Module&) = default;
};

/// One logical frame. Several frames of one machine address differ in `inlined`.
struct Frame {
  StringIndex function = 0;         ///< demangled; 0: unknown, then module and offset name it
  StringIndex file = 0;             ///< 0: unknown
  std::uint32_t line = 0;           ///< 0: unknown
  std::uint32_t function_line = 0;  ///< line in `file` where the function's definition begins; 0: unknown or elsewhere
  std::uint32_t module = kNoIndex;
  std::uint64_t offset = 0;  ///< ELF virtual address in the module; only meaningful where function is 0 or nearest
  bool inlined = false;      ///< was inlined into its caller, the next outer frame
  bool nearest = false;      ///< function is merely the nearest dynamic symbol below the address
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// A call stack is a path from a node up to a root, innermost frame first. Parents come before their children.
struct StackNode {
  NodeIndex parent = kNoIndex;  ///< kNoIndex: a root
  FrameIndex frame = kNoIndex;  ///< kNoIndex in the pseudo-roots below
  friend bool operator==(const StackNode&, const StackNode&) = default;
};
/// The first nodes of every profile are pseudo-roots without a frame.
inline constexpr NodeIndex kCompleteRoot = 0;  ///< the outermost frame is really the start of the thread
inline constexpr NodeIndex kCutRoot = 1;       ///< outer frames are missing: depth limit, or no unwind information
inline constexpr NodeIndex kLostRoot = 2;      ///< the stack was not stored at all
inline constexpr NodeIndex kRootCount = 3;

/// What says of which type the blocks of a site are, strongest first.
enum class TypeEvidence : std::uint8_t {
  kTemplateArgument,  ///< of a function on the stack: std::allocator<T>::allocate, std::make_unique<T>
  kConstructor,       ///< called on the block right after operator new
  kAllocationType,    ///< the compiler says so at the call (DW_AT_LLVM_alloc_type)
  kVariable,          ///< the declared type of the variable that receives the block
  kSource,            ///< the text of the line: new T, malloc(sizeof(T))
  kLibraryClass,      ///< a member function of that class of the standard library asked for it
};

/// A type of heap blocks. docs/types.md says how types are found.
struct Type {
  StringIndex name = 0;      ///< as a programmer writes it: the container, not its node
  StringIndex raw_name = 0;  ///< what the block literally holds; equal to name where there is no container
  StringIndex part = 0;      ///< of the container: "node", "buffer", …; 0: the block is the object itself
  std::uint64_t size = 0;    ///< sizeof raw_name in bytes; 0: unknown
  TypeEvidence evidence = TypeEvidence::kTemplateArgument;
  friend bool operator==(const Type&, const Type&) = default;
};

/// Everything that happened with one call stack.
struct Site {
  NodeIndex stack = kCompleteRoot;
  std::uint32_t type = kNoIndex;  ///< of the blocks allocated here; kNoIndex: unknown
  StringIndex hook = 0;  ///< "malloc", "calloc", "operator new[]", …; of frees when nothing was allocated here
  // Blocks allocated here.
  std::uint64_t allocations = 0;
  std::uint64_t allocated_bytes = 0;
  std::uint64_t live_blocks = 0, live_bytes = 0;  ///< unfreed at the end
  std::uint64_t peak_blocks = 0, peak_bytes = 0;  ///< this site's share of the one common peak
  std::uint64_t temporary_allocations = 0;
  std::uint64_t failed_allocations = 0;
  std::uint64_t min_size = 0, max_size = 0;  ///< 0 and 0 without allocations
  std::uint64_t size_divisor = 0;            ///< greatest common divisor of all sizes
  // Blocks freed here, whoever allocated them.
  std::uint64_t frees = 0;
  std::uint64_t freed_bytes = 0;
  /// Highest live heap of the whole process right after an event with this stack.
  std::uint64_t highest_heap = 0;
  Histogram size_histogram;      ///< bytes, of the allocations here
  Histogram lifetime_histogram;  ///< ns, of the blocks allocated here that were freed
  friend bool operator==(const Site&, const Site&) = default;
};

/// By the thread that allocated (frees: by the thread that freed).
struct Thread {
  std::int32_t tid = 0;
  StringIndex name = 0;
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t frees = 0, freed_bytes = 0;
  std::uint64_t live_blocks = 0, live_bytes = 0;
  std::uint64_t peak_blocks = 0, peak_bytes = 0;
  std::uint64_t temporary_allocations = 0;
  friend bool operator==(const Thread&, const Thread&) = default;
};

struct TimelinePoint {
  double time_s = 0;
  std::uint64_t live_bytes = 0;     ///< at that time
  std::uint64_t highest_bytes = 0;  ///< highest since the previous point
  std::uint64_t rss_bytes = 0;      ///< 0: unknown
  std::uint64_t allocations = 0;    ///< since the start
  friend bool operator==(const TimelinePoint&, const TimelinePoint&) = default;
};

/// The program called memprof_tick(): one round of its work was over.
struct Tick {
  double time_s = 0;
  std::uint64_t live_bytes = 0, live_blocks = 0;
  std::uint64_t allocations = 0;  ///< since the start
  friend bool operator==(const Tick&, const Tick&) = default;
};

/// How the live figures of one site changed from the tick before (or the start) to this one.
struct TickChange {
  std::uint32_t tick = 0;
  std::uint32_t site = 0;
  std::int64_t live_blocks = 0, live_bytes = 0;
  friend bool operator==(const TickChange&, const TickChange&) = default;
};

/// What a thread did between memprof_scope_begin() and _end(), summed up over all calls of one name at one place of the
/// nesting. Figures are those of this thread's own allocations and frees.
struct Scope {
  StringIndex name = 0;
  std::uint32_t parent = kNoIndex;  ///< the scope around it; comes before its children. kNoIndex: none
  std::uint32_t thread = 0;         ///< row of Profile::threads
  std::uint64_t calls = 0;
  std::uint64_t unended_calls = 0;  ///< of `calls`: had not ended when the profile was made, and count up to then
  double duration_s = 0;            ///< sum over the calls
  std::uint64_t allocations = 0, allocated_bytes = 0;  ///< inside, those of nested scopes included
  std::uint64_t frees = 0, freed_bytes = 0;
  /// Highest sum of bytes allocated minus bytes freed since the beginning of a call, over all calls.
  std::uint64_t peak_bytes = 0;
  friend bool operator==(const Scope&, const Scope&) = default;
};

/// One call of a scope, for the timeline: the longest ones, when there were many.
struct ScopeCall {
  std::uint32_t scope = 0;  ///< row of Profile::scopes
  double begin_s = 0, end_s = 0;
  std::int64_t net_bytes = 0;      ///< allocated minus freed
  std::uint64_t peak_bytes = 0;    ///< as in Scope, of this call
  std::uint64_t highest_heap = 0;  ///< highest live heap of the process at this thread's events inside; 0: no event
  friend bool operator==(const ScopeCall&, const ScopeCall&) = default;
};

/// A snapshot that was taken of this process up to the end of this profile.
struct SnapshotMark {
  double time_s = 0;
  StringIndex name = 0;
  std::uint64_t live_bytes = 0, live_blocks = 0;
  friend bool operator==(const SnapshotMark&, const SnapshotMark&) = default;
};

struct Profile {
  std::string generator;  ///< "memprof 0.1.0"
  Process process;
  Snapshot snapshot;
  Capture capture;
  Totals totals;
  Totals mapped_totals;  ///< ranges that the program maps itself (mmap, mremap, sbrk): in no other figure
  std::vector<std::string> strings{std::string{}};
  std::vector<Module> modules;
  std::vector<Frame> frames;
  std::vector<StackNode> stacks{StackNode{}, StackNode{}, StackNode{}};
  std::vector<Type> types;
  std::vector<Site> sites;         ///< each stack at most once
  std::vector<Site> mapped_sites;  ///< the same for mapped ranges; highest_heap is then the highest sum of theirs
  std::vector<Thread> threads;
  std::vector<TimelinePoint> timeline;   ///< by time
  std::vector<MemoryMoment> memory;      ///< by time: when most was resident, and the last look, where they differ
  std::vector<Tick> ticks;               ///< by time; each stands for capture.tick_stride calls
  std::vector<TickChange> tick_changes;  ///< by tick, then site; only where something changed
  std::vector<Scope> scopes;
  std::vector<ScopeCall> scope_calls;   ///< by begin_s
  std::vector<SnapshotMark> snapshots;  ///< by time

  const std::string& text(StringIndex index) const { return strings[index]; }
  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace memprof
