#include "collect/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace memprof::collect {

UniqueFd open_regular_file(const std::string& path) {
  // A descriptor of the place only; what is opened through it is what was looked at, whatever the name means by then.
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kLargestFile) {
    return {};
  }
  const std::string name = "/proc/self/fd/" + std::to_string(place.get());
  return UniqueFd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

}  // namespace memprof::collect
