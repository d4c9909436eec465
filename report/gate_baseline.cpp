#include "report/gate_baseline.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace memprof::report {
namespace {

bool exceeds(std::uint64_t now, std::uint64_t before, double growth) {
  return static_cast<double>(now) > static_cast<double>(before) * (1 + growth);
}

SiteStatus status_of(const GateFigures& now, const GateFigures& before, double growth) {
  if (exceeds(now.bytes, before.bytes, growth) || exceeds(now.blocks, before.blocks, growth)) return SiteStatus::kGrown;
  if (now.bytes < before.bytes || now.blocks < before.blocks) return SiteStatus::kShrunk;
  return SiteStatus::kKnown;
}

/// Whether `longer` holds the functions of `shorter`, in their order.
bool holds(const FunctionPath& longer, const FunctionPath& shorter) {
  auto at = longer.begin();
  for (const std::string& name : shorter) {
    at = std::find(at, longer.end(), name);
    if (at == longer.end()) return false;
    ++at;
  }
  return true;
}

struct Total {
  std::uint64_t blocks = 0, bytes = 0;
  void add(const Total& more) {
    blocks += more.blocks;
    bytes += more.bytes;
  }
  friend bool operator==(const Total&, const Total&) = default;
};

/// What fingerprints have not settled of a site: all of it, or by how much it has grown or shrunk.
struct Rest {
  const FunctionPath* path;
  Total total;
  GateSite* site = nullptr;             ///< now; for a shrunk one, too
  const BaselineSite* known = nullptr;  ///< before; of a fixed one only
  bool settled = false;
};

std::vector<Rest*> unsettled_that_hold(std::vector<Rest>& longer, const FunctionPath& shorter) {
  std::vector<Rest*> found;
  for (Rest& rest : longer) {
    if (!rest.settled && holds(*rest.path, shorter)) found.push_back(&rest);
  }
  return found;
}

/// Settles what is in `shorter` with all of `longer` that leads there, where the sums agree exactly.
void settle(std::vector<Rest>& shorter, std::vector<Rest>& longer, std::vector<std::string>& notes) {
  for (Rest& rest : shorter) {
    if (rest.settled) continue;
    const std::vector<Rest*> others = unsettled_that_hold(longer, *rest.path);
    Total total;
    for (const Rest* other : others) total.add(other->total);
    if (others.empty() || total != rest.total) continue;
    rest.settled = true;
    for (Rest* other : others) {
      other->settled = true;
      notes.push_back("'" + path_text(*other->path) + "' and '" + path_text(*rest.path) +
                      "' are taken for the same site: they differ only in frames that compilers leave out");
    }
  }
}

GateSite fixed_site(const BaselineSite& known) {
  GateSite site;
  site.fingerprint = fingerprint(known.path);
  site.path = known.path;
  site.status = SiteStatus::kFixed;
  site.before = GateFigures{known.blocks, known.bytes, 0, 0, 0};
  return site;
}

Rest excess(const FunctionPath& path, const GateFigures& more, const GateFigures& less, GateSite* site) {
  return {&path, {more.blocks - less.blocks, more.bytes - less.bytes}, site, nullptr, false};
}

}  // namespace

std::vector<std::string> compare_with_baseline(std::vector<GateSite>& sites, const Baseline& baseline, double growth) {
  std::map<std::string, const BaselineSite*> known;
  for (const BaselineSite& site : baseline.sites) known.emplace(path_text(site.path), &site);
  std::vector<Rest> now, before;
  for (GateSite& site : sites) {
    if (site.suppression || site.now.blocks == 0) continue;
    const auto found = known.find(path_text(site.path));
    if (found == known.end()) {
      site.status = SiteStatus::kNew;
      now.push_back({&site.path, {site.now.blocks, site.now.bytes}, &site, nullptr, false});
      continue;
    }
    site.before = GateFigures{found->second->blocks, found->second->bytes, 0, 0, 0};
    site.status = status_of(site.now, *site.before, growth);
    known.erase(found);
    const bool not_less = site.now.blocks >= site.before->blocks && site.now.bytes >= site.before->bytes;
    if (site.status == SiteStatus::kGrown && not_less) now.push_back(excess(site.path, site.now, *site.before, &site));
    if (site.status == SiteStatus::kShrunk) before.push_back(excess(site.path, *site.before, site.now, &site));
  }
  for (const auto& [path, site] : known)
    before.push_back({&site->path, {site->blocks, site->bytes}, nullptr, site, false});
  std::vector<std::string> notes;
  settle(now, before, notes);
  settle(before, now, notes);
  for (const Rest& rest : now) {
    if (!rest.settled) continue;
    rest.site->status = SiteStatus::kKnown;
    rest.site->before = GateFigures{rest.site->now.blocks, rest.site->now.bytes, 0, 0, 0};
  }
  std::vector<GateSite> fixed;
  for (const Rest& rest : before) {
    if (rest.settled && rest.site != nullptr) rest.site->status = SiteStatus::kKnown;
    if (!rest.settled && rest.known != nullptr) fixed.push_back(fixed_site(*rest.known));
  }
  sites.insert(sites.end(), fixed.begin(), fixed.end());
  return notes;
}

}  // namespace memprof::report
