// usage: export_samples DIRECTORY
// One profile in every format, for readers that are not ours.

#include <fstream>
#include <iostream>
#include <string>

#include "report/export_csv.hpp"
#include "report/export_dhat.hpp"
#include "report/export_folded.hpp"
#include "report/export_massif.hpp"
#include "report/export_pprof.hpp"
#include "report/export_speedscope.hpp"
#include "tests/unit/report/exports/exported.hpp"
#include "tests/unit/report/exports/odd_profile.hpp"

int main(int argc, char** argv) {
  using namespace memprof;
  using namespace memprof::report;
  if (argc != 2) {
    std::cerr << "usage: export_samples DIRECTORY\n";
    return 2;
  }
  const Profile profile = tests::odd_profile();
  const auto write = [&](const std::string& name, auto&& export_to) {
    std::ofstream(std::string(argv[1]) + "/" + name, std::ios::binary) << tests::exported(export_to);
  };
  write("live.pb.gz", [&](const ByteSink& sink) { return export_pprof(profile, Metric::kLive, sink); });
  write("peak.pb.gz", [&](const ByteSink& sink) { return export_pprof(profile, Metric::kPeak, sink); });
  write("peak.folded", [&](const ByteSink& sink) { return export_folded(profile, Metric::kPeak, sink); });
  write("massif.out", [&](const ByteSink& sink) { return export_massif(profile, sink); });
  write("dhat.json", [&](const ByteSink& sink) { return export_dhat(profile, sink); });
  write("sites.csv", [&](const ByteSink& sink) { return export_csv(profile, sink); });
  write("speedscope.json", [&](const ByteSink& sink) {
    return export_speedscope(profile, {Metric::kPeak, Metric::kLive, Metric::kAllocated}, sink);
  });
}
