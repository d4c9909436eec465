#pragma once
// How formats that are JSON are written.

#include <string>

#include <nlohmann/json.hpp>

namespace memprof::report {

/// Keys in the order in which they were put in, so that outputs compare well.
using Json = nlohmann::ordered_json;

/// Indented, with an end of line. Bytes that aren't UTF-8 become U+FFFD.
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace memprof::report
