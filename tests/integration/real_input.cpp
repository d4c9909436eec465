#include "tests/integration/real_input.hpp"

#include <cstddef>

namespace memprof::test {

std::string json_of_ten_megabytes() {
  constexpr std::size_t kBytes = 10 * 1000 * 1000;
  std::string json = "[";
  for (std::size_t id = 0; json.size() < kBytes; ++id) {
    const std::string number = std::to_string(id);
    json += (id ? ",\n" : "\n") + std::string{R"({"id":)"} + number + R"(,"name":"row )" + number +
            R"(","tags":["red","green","blue"],"values":[)" + number + ",1.5,2.25," + std::to_string(id * 7 % 1000) +
            R"(],"nested":{"left":null,"right":true}})";
  }
  return json + "\n]\n";
}

std::string sql_of_200000_rows() {
  return "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT, price REAL);\n"
         "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)\n"
         "INSERT INTO items SELECT n, 'item number ' || n, n * 0.5 FROM numbers;\n"
         "CREATE INDEX by_name ON items(name);\n"
         "UPDATE items SET name = upper(name) WHERE id % 10 = 0;\n"
         "SELECT count(*), sum(price), max(name) FROM items;\n"
         "SELECT substr(name, 1, 6), count(*) FROM items GROUP BY 1 ORDER BY 1;\n";
}

}  // namespace memprof::test
