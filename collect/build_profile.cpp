#include "collect/build_profile.hpp"

#include "collect/profile_assembly.hpp"
#include "collect/used_code.hpp"

namespace memprof::collect {

Profile build_profile(CapturedProcess&& captured, const SymbolizerOptions& options, const SymbolizeProgress& progress,
                      std::vector<std::string>* notes) {
  const UsedCode code = find_used_code(captured);
  Symbolizer symbolizer(code.images, options);
  const std::vector<FrameChain> chains = symbolizer.resolve(code.locations, progress);
  std::vector<bool> found;
  for (std::uint32_t image = 0; image < code.images.size(); ++image) found.push_back(symbolizer.symbols_found(image));
  if (notes != nullptr) *notes = symbolizer.notes();
  return assemble_profile(std::move(captured), code, chains, found);
}

}  // namespace memprof::collect
