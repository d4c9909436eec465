#pragma once
// The mapped domain: address ranges that the program maps itself, with the same figures that HeapAccounts keeps for
// blocks. Fed with decoded records in the order of time; one thread.
//
// Later calls cut, replace and move ranges at will, so a mapping (what one call mapped) may come to consist of several
// pieces. It counts as one block until its last byte is gone. Ranges that were never seen mapped (stacks of threads, a
// forked child's inheritance, what the loader maps) are nobody's: unmapping them counts nowhere.
//
// Memory: about 100 bytes a piece, and a target that maps more pieces than a kernel lets a process have is not
// believed.

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "collect/site_account.hpp"
#include "profile/profile.hpp"
#include "wire/record.hpp"

namespace memprof::collect {

/// A record of the mapped domain, as the decoder has checked it.
struct MappedEvent {
  std::uint64_t ticks = 0;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint32_t site = 0;  ///< of this event's own call stack, as StackSites numbers them
  std::uint32_t ring = 0;  ///< an end of mremap belongs to the last begin of its ring
  wire::Operation operation = wire::Operation::kExtension;
  wire::Hook hook = wire::Hook::kMmap;
};

class MappedAccounts {
 public:
  /// Far beyond vm.max_map_count (65,530 unless raised), since neighbours that are one to the kernel are several here.
  static constexpr std::size_t kMostPieces = std::size_t{1} << 22;

  explicit MappedAccounts(double ns_per_tick) : ns_per_tick_(ns_per_tick) {}

  /// False: the event makes no sense (a range beyond the address space, an end without a begin, too many pieces), and
  /// nothing is counted.
  bool apply(const MappedEvent& event);

  /// The ring has a new owner: what the former one had begun and not ended is mapped as before.
  void drop_begun(std::uint32_t ring);

  /// Everything is in: settles the peak shares and size figures.
  void finish();

  struct Site {
    std::uint32_t index = 0;  ///< MappedEvent::site
    SiteAccount account;
  };
  struct Range {
    std::uint64_t start = 0, end = 0;
  };

  const Totals& totals() const { return totals_; }  ///< without peak_time_s
  std::uint64_t peak_ticks() const { return peak_ticks_; }
  const std::vector<Site>& sites() const { return sites_; }
  /// Mapped at the moment, by address, neighbours joined.
  std::vector<Range> ranges() const;

 private:
  struct Piece {
    std::uint64_t end = 0;
    std::uint32_t mapping = 0;
  };
  struct Mapping {
    std::uint64_t serial = 0;  ///< no two mappings ever have the same one; 0: the slot is unused
    std::uint64_t bytes = 0;   ///< not unmapped yet
    std::uint64_t birth = 0;
    std::uint32_t site = 0;  ///< row of sites_
  };
  /// A piece that was taken out of pieces_.
  struct Cut {
    std::uint64_t start = 0, end = 0;
    std::uint32_t mapping = 0;
    std::uint64_t serial = 0;  ///< of the mapping
    bool was_last = false;     ///< nothing was left of its mapping, which `former` was
    Mapping former = {};
  };
  using Cuts = std::vector<Cut>;
  struct Ring {
    MappedEvent freed_by;     ///< its last kFree
    Cuts freed;               ///< what that took away: the call may yet fail
    std::vector<Cuts> begun;  ///< of mremaps without an end, the innermost last
  };
  /// Signal handlers may nest, and a longjmp leaves a begin without its end.
  static constexpr std::size_t kMostBegun = 8;

  std::uint32_t row_of(std::uint32_t site);
  SiteAccount& account(std::uint32_t row) { return sites_[row].account; }
  SiteAccount& settled(std::uint32_t row) {
    SiteAccount& account = sites_[row].account;
    account.allocations.share.settle(epoch_);
    return account;
  }
  std::uint32_t new_mapping(std::uint64_t bytes, std::uint64_t birth, std::uint32_t row);
  Ring& ring(std::uint32_t index);

  void map(const MappedEvent& event);
  void unmap(const MappedEvent& event);
  void fail(const MappedEvent& event);
  bool end_move(const MappedEvent& event);
  /// Takes the pieces in the event's range out.
  Cuts cut(const MappedEvent& event);
  /// Counts cuts as unmapped by the event.
  void release(Cuts& cuts, const MappedEvent& event);
  /// Takes back what release() counted for the event.
  void undo_release(Cuts& cuts, const MappedEvent& event);
  /// Pieces that count as mapped get their places again. Returns the parts whose places are taken by now.
  Cuts put_back(const Cuts& cuts);
  void look_at_level(const MappedEvent& event);

  double ns_per_tick_;
  Totals totals_;
  std::uint64_t epoch_ = 0, peak_ticks_ = 0, last_serial_ = 0;
  std::map<std::uint64_t, Piece> pieces_;  ///< by start
  std::vector<Mapping> mappings_;
  std::vector<std::uint32_t> unused_mappings_;
  std::unordered_map<std::uint32_t, std::uint32_t> row_of_site_;
  std::vector<Site> sites_;
  std::vector<Ring> rings_;
};

}  // namespace memprof::collect
