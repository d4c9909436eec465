#include "report/suppression.hpp"

namespace memprof::report {

std::string_view built_in_suppressions() {
  return R"(
{
   libstdc++: emergency pool for exceptions
   Memcheck:Leak
   match-leak-kinds: all
   fun:malloc
   ...
   obj:*/libstdc++.so*
   ...
   obj:*/ld-linux*
}
)";
}

}  // namespace memprof::report
