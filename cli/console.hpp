#pragma once
// Where a command writes, and what the terminal there can do.

#include <ostream>

namespace memprof::cli {

struct Terminal {
  bool interactive = false;  ///< a terminal, not a file or pipe
  bool colour = false;       ///< NO_COLOR is unset and TERM is not "dumb"
  unsigned width = 0;        ///< columns; 0: no limit. Output that goes to a file or pipe is never shortened.
};

/// Asks the descriptor and the environment. A COLUMNS variable wins over the terminal's own answer.
Terminal look_at_terminal(int descriptor);

struct Console {
  std::ostream& out;
  std::ostream& err;
  Terminal out_terminal;
};

}  // namespace memprof::cli
