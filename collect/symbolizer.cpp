#include "collect/symbolizer.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "collect/symbol_debuginfod.hpp"
#include "collect/symbol_module.hpp"
#include "collect/symbol_texts.hpp"
#include "collect/symbol_workers.hpp"

namespace memprof::collect {
namespace {

/// Passes progress on, one call at a time.
class ProgressTeller {
 public:
  explicit ProgressTeller(const SymbolizeProgress& progress) : progress_(progress) {}

  /// The next `tasks` tasks take the fraction up to `end`.
  void begin_phase(double end, std::size_t tasks) {
    const std::lock_guard lock(mutex_);
    fraction_ = end_;
    end_ = end;
    step_ = (end_ - fraction_) / static_cast<double>(std::max<std::size_t>(tasks, 1));
  }
  void task_done(const std::string& what) { tell(step_, what); }
  void say(const std::string& what) { tell(0, what); }

 private:
  void tell(double step, const std::string& what) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    fraction_ = std::min(fraction_ + step, end_);
    progress_(fraction_, what);
  }

  const SymbolizeProgress& progress_;
  std::mutex mutex_;
  double fraction_ = 0, end_ = 0, step_ = 0;
};

/// A return address belongs to the call before it.
std::uint64_t call_address(const CodeLocation& location) { return location.address == 0 ? 0 : location.address - 1; }

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<std::string> usual_debug_directories() { return {"/usr/lib/debug"}; }

struct Symbolizer::State {
  std::vector<ModuleImage> images;
  SymbolizerOptions options;
  std::deque<TextPool> texts;
  std::vector<char> symbols_found;
  std::vector<std::string> notes;

  struct PartOfModule {
    ModuleLookup* module;
    std::size_t part;
    TextPool* texts;
  };

  unsigned threads() const {
    return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  }

  std::vector<std::unique_ptr<ModuleLookup>> group(std::span<const CodeLocation> locations) const;
  void open(std::span<ModuleLookup* const> modules, ProgressTeller& progress);
  void match_dwarf(std::span<ModuleLookup* const> modules, ProgressTeller& progress);
  void match_symbols(std::span<ModuleLookup* const> modules, ProgressTeller& progress);
};

Symbolizer::Symbolizer(std::vector<ModuleImage> images, SymbolizerOptions options) : state_(std::make_unique<State>()) {
  state_->symbols_found.resize(images.size(), 0);
  state_->images = std::move(images);
  state_->options = std::move(options);
}

Symbolizer::~Symbolizer() = default;

/// One look-up for each image that has locations, by index of the image; nullptr where there are none.
std::vector<std::unique_ptr<ModuleLookup>> Symbolizer::State::group(std::span<const CodeLocation> locations) const {
  std::vector<std::vector<std::uint64_t>> addresses(images.size()), typed(images.size());
  for (const auto& location : locations) {
    if (location.module >= images.size()) continue;
    addresses[location.module].push_back(call_address(location));
    if (location.wants_types) typed[location.module].push_back(call_address(location));
  }
  std::vector<std::unique_ptr<ModuleLookup>> modules(images.size());
  for (std::size_t index = 0; index < images.size(); ++index) {
    auto& list = addresses[index];
    if (list.empty()) continue;
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    std::vector<char> wants_types(list.size(), 0);
    for (const std::uint64_t address : typed[index]) {
      wants_types[static_cast<std::size_t>(std::lower_bound(list.begin(), list.end(), address) - list.begin())] = 1;
    }
    modules[index] = std::make_unique<ModuleLookup>(images[index], std::move(list), std::move(wants_types));
  }
  return modules;
}

void Symbolizer::State::open(std::span<ModuleLookup* const> modules, ProgressTeller& progress) {
  std::optional<Debuginfod> servers;
  if (options.debuginfod) servers.emplace([&](const std::string& what) { progress.say(what); });
  DebugFileSource fetch;
  if (servers) fetch = [&](const std::string& build_id) { return servers->debug_file(build_id); };
  run_tasks(modules.size(), threads(), [&](std::size_t index) {
    modules[index]->open(options.debug_directories, fetch);
    progress.task_done(file_name(modules[index]->image().path));
  });
  if (servers && !servers->problem().empty()) notes.push_back(servers->problem());
}

void Symbolizer::State::match_dwarf(std::span<ModuleLookup* const> modules, ProgressTeller& progress) {
  std::vector<PartOfModule> parts;
  for (ModuleLookup* module : modules) {
    const std::size_t count = module->divide(threads());
    for (std::size_t part = 0; part < count; ++part) parts.push_back({module, part, &texts.emplace_back()});
  }
  // The longest first, so that no thread is left with it at the end.
  std::stable_sort(parts.begin(), parts.end(), [](const PartOfModule& a, const PartOfModule& b) {
    return a.module->part_bytes(a.part) > b.module->part_bytes(b.part);
  });
  progress.begin_phase(0.9, parts.size());
  run_tasks(parts.size(), threads(), [&](std::size_t index) {
    const PartOfModule& part = parts[index];
    part.module->match_part(part.part, *part.texts);
    progress.task_done(file_name(part.module->image().path));
  });
}

void Symbolizer::State::match_symbols(std::span<ModuleLookup* const> modules, ProgressTeller& progress) {
  std::vector<TextPool*> pools;
  for (std::size_t index = 0; index < modules.size(); ++index) pools.push_back(&texts.emplace_back());
  progress.begin_phase(1.0, modules.size());
  run_tasks(modules.size(), threads(), [&](std::size_t index) {
    modules[index]->match_symbols(*pools[index]);
    progress.task_done(file_name(modules[index]->image().path));
  });
}

std::vector<FrameChain> Symbolizer::resolve(std::span<const CodeLocation> locations,
                                            const SymbolizeProgress& progress) {
  ProgressTeller teller(progress);
  const auto by_image = state_->group(locations);
  std::vector<ModuleLookup*> modules;
  for (const auto& module : by_image) {
    if (module) modules.push_back(module.get());
  }
  std::stable_sort(modules.begin(), modules.end(), [](const ModuleLookup* a, const ModuleLookup* b) {
    return a->addresses().size() > b->addresses().size();
  });
  teller.begin_phase(0.2, modules.size());
  state_->open(modules, teller);
  state_->match_dwarf(modules, teller);
  state_->match_symbols(modules, teller);

  for (std::size_t index = 0; index < by_image.size(); ++index) {
    if (!by_image[index]) continue;
    state_->symbols_found[index] = by_image[index]->symbols_found() ? 1 : 0;
    if (!by_image[index]->note().empty()) state_->notes.push_back(by_image[index]->note());
  }
  std::vector<FrameChain> chains;
  chains.reserve(locations.size());
  for (const auto& location : locations) {
    const ModuleLookup* module = location.module < by_image.size() ? by_image[location.module].get() : nullptr;
    FrameChain& chain = chains.emplace_back();
    if (module != nullptr) {
      const auto addresses = module->addresses();
      const auto found = std::lower_bound(addresses.begin(), addresses.end(), call_address(location));
      chain = module->chain(static_cast<std::size_t>(found - addresses.begin()));
    }
    if (chain.empty()) chain.emplace_back();
  }
  return chains;
}

bool Symbolizer::symbols_found(std::uint32_t module) const {
  return module < state_->symbols_found.size() && state_->symbols_found[module] != 0;
}

std::vector<std::string> Symbolizer::notes() const { return state_->notes; }

}  // namespace memprof::collect
