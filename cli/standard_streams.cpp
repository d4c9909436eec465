#include "cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace memprof::cli {

void occupy_standard_streams() {
  for (int descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC); descriptor >= 0;
       descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC)) {
    if (descriptor > STDERR_FILENO) {
      ::close(descriptor);
      return;
    }
  }
}

}  // namespace memprof::cli
