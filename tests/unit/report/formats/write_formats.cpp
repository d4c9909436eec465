// Writes sample_verdicts.hpp in every format, for readers that are not ours: format_samples DIRECTORY

#include <fstream>
#include <iostream>
#include <string>

#include "tests/unit/report/formats/sample_verdicts.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: format_samples DIRECTORY\n";
    return 2;
  }
  for (const auto& [name, verdict] : memprof::tests::sample_verdicts()) {
    for (const char* format : {"json", "junit", "sarif", "github", "gitlab", "markdown"}) {
      std::ofstream file(std::string(argv[1]) + "/" + name + "." + format, std::ios::binary);
      file << write_verdict(*memprof::report::parse_format(format), verdict, memprof::tests::sample_context());
      if (!file.flush()) {
        std::cerr << "format_samples: cannot write below " << argv[1] << "\n";
        return 2;
      }
    }
  }
}
