#include "report/suppression.hpp"

namespace memprof::report {
namespace {

/// Frames between those of the user's code differ from system to system: "..." stands for them. The names are the
/// folded ones, with "*" for what folding has taken out, so that they fit demangled names, too.
std::string block_for(const GateSite& site) {
  std::string text = "{\n   " + site.message + "\n   Memcheck:Leak\n   match-leak-kinds: all\n";
  for (const std::string& name : site.path) {
    text += "   ...\n";
    if (name.starts_with('(') && name.ends_with(')') && name.find("::") == std::string::npos) {
      // A module stands in for a function without a name; other names in brackets are fold_function_name()'s own.
      const bool module = name.find(' ') == std::string::npos;
      text += module ? "   obj:*/" + name.substr(1, name.size() - 2) + "\n" : "   fun:" + name + "\n";
    } else {
      text += "   fun:" + name + "\n";
    }
  }
  return text + "}\n";
}

}  // namespace

std::string suppressions_for(const Verdict& verdict) {
  std::string text;
  for (const GateSite& site : verdict.sites) {
    if (site.failing() && site.now.blocks > 0) text += block_for(site);
  }
  return text;
}

}  // namespace memprof::report
