#include "collect/region_texts.hpp"

namespace memprof::collect {

std::uint32_t RegionTexts::index_of(wire::TextReference reference) {
  if (const auto known = by_reference_.find(reference.value); known != by_reference_.end()) return known->second;
  std::string text = read(reference);
  const auto [entry, added] = by_text_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
  if (added) texts_.push_back(std::move(text));
  // A target that makes up references without end must not fill our memory with them.
  if (by_reference_.size() < region_.path_bytes()) by_reference_.emplace(reference.value, entry->second);
  return entry->second;
}

std::string RegionTexts::read(wire::TextReference reference) {
  if (reference.bytes() == 0) return kNoRoom;
  if (reference.bytes() > wire::kLongestText || reference.offset() > region_.path_bytes() ||
      reference.bytes() > region_.path_bytes() - reference.offset()) {
    ++damage_.records;
    return "?";
  }
  std::string text(reference.bytes(), '\0');
  for (std::uint32_t i = 0; i < reference.bytes(); ++i) text[i] = load_once(region_.paths()[reference.offset() + i]);
  return text;
}

}  // namespace memprof::collect
