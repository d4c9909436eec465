#include "collect/build_profile.hpp"
namespace memprof::collect {
Profile build_profile(CapturedProcess&& c,const SymbolizerOptions&,const SymbolizeProgress&){ Profile p; p.process=c.process; p.totals=c.totals; p.capture=c.capture; p.timeline=c.timeline; return p; }
}
