#pragma once
// Where the control sockets of a user's memprofs are: $XDG_RUNTIME_DIR/memprof, or /tmp/memprof-UID where there is no
// such directory. Nobody else may enter it, which is what keeps other users from asking.

#include <string>
#include <vector>

#include "profile/result.hpp"

namespace memprof::collect {

/// Both places, the preferred one first, whether they are there or not. A client looks at both: it may have another
/// environment than the memprof it looks for.
[[nodiscard]] std::vector<std::string> control_directories();

/// Whether the directory is ours alone: no link, owned by this user, mode 0700. Errors: it is not, or not there.
[[nodiscard]] Result<void> check_control_directory(const std::string& path);

/// Makes the first one that can be made, unless it is there.
[[nodiscard]] Result<std::string> make_control_directory();

}  // namespace memprof::collect
