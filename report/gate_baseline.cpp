#include "report/gate_baseline.hpp"

#include <algorithm>
#include <map>

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
  friend bool operator==(const Total&, const Total&) = default;
};

/// Both sides of the comparison, as far as fingerprints have not settled it.
class Leftovers {
 public:
  Leftovers(std::vector<GateSite*> now, std::vector<const BaselineSite*> before)
      : now_(std::move(now)), before_(std::move(before)) {}

  std::vector<std::string> match() {
    // Frames may be missing now, or may have been missing then: one shorter path stands for all that hold it.
    for (GateSite*& site : now_) {
      std::vector<const BaselineSite**> longer;
      for (const BaselineSite*& known : before_) {
        if (known != nullptr && holds(known->path, site->path)) longer.push_back(&known);
      }
      Total total;
      for (const BaselineSite** known : longer)
        total = {total.blocks + (*known)->blocks, total.bytes + (*known)->bytes};
      if (longer.empty() || total != Total{site->now.blocks, site->now.bytes}) continue;
      settle(*site, (*longer.front())->path);
      for (const BaselineSite** known : longer) *known = nullptr;
      site = nullptr;
    }
    for (const BaselineSite*& known : before_) {
      if (known == nullptr) continue;
      std::vector<GateSite**> longer;
      for (GateSite*& site : now_) {
        if (site != nullptr && holds(site->path, known->path)) longer.push_back(&site);
      }
      Total total;
      for (GateSite** site : longer) total = {total.blocks + (*site)->now.blocks, total.bytes + (*site)->now.bytes};
      if (longer.empty() || total != Total{known->blocks, known->bytes}) continue;
      for (GateSite** site : longer) {
        settle(**site, known->path);
        *site = nullptr;
      }
      known = nullptr;
    }
    return std::move(notes_);
  }

  /// Those that are fixed.
  std::vector<const BaselineSite*> unmatched() const {
    std::vector<const BaselineSite*> rest;
    std::copy_if(before_.begin(), before_.end(), std::back_inserter(rest),
                 [](const auto* site) { return site != nullptr; });
    return rest;
  }

 private:
  void settle(GateSite& site, const FunctionPath& known) {
    site.status = SiteStatus::kKnown;
    site.before = GateFigures{site.now.blocks, site.now.bytes, 0, 0, 0};
    notes_.push_back("taken for the known site '" + path_text(known) +
                     "', because nothing but frames that compilers "
                     "leave out differs: '" +
                     path_text(site.path) + "'");
  }

  std::vector<GateSite*> now_;
  std::vector<const BaselineSite*> before_;
  std::vector<std::string> notes_;
};

GateSite fixed_site(const BaselineSite& known) {
  GateSite site;
  site.fingerprint = fingerprint(known.path);
  site.path = known.path;
  site.status = SiteStatus::kFixed;
  site.before = GateFigures{known.blocks, known.bytes, 0, 0, 0};
  return site;
}

}  // namespace

std::vector<std::string> compare_with_baseline(std::vector<GateSite>& sites, const Baseline& baseline, double growth) {
  std::map<std::string, const BaselineSite*> known;
  for (const BaselineSite& site : baseline.sites) known.emplace(path_text(site.path), &site);
  std::vector<GateSite*> strangers;
  for (GateSite& site : sites) {
    if (site.suppression || site.now.blocks == 0) continue;
    const auto found = known.find(path_text(site.path));
    if (found == known.end()) {
      site.status = SiteStatus::kNew;
      strangers.push_back(&site);
      continue;
    }
    site.before = GateFigures{found->second->blocks, found->second->bytes, 0, 0, 0};
    site.status = status_of(site.now, *site.before, growth);
    known.erase(found);
  }
  std::vector<const BaselineSite*> missing;
  for (const auto& [path, site] : known) missing.push_back(site);
  Leftovers leftovers(std::move(strangers), std::move(missing));
  std::vector<std::string> notes = leftovers.match();
  for (const BaselineSite* site : leftovers.unmatched()) sites.push_back(fixed_site(*site));
  return notes;
}

}  // namespace memprof::report
