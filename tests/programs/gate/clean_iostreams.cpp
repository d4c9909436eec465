// Clean: what streams and locales of the C++ library allocate for themselves is not the program's.
#include <iomanip>
#include <iostream>
#include <locale>
#include <regex>
#include <sstream>

int main() {
  std::ostringstream text;
  text.imbue(std::locale("C"));
  text << std::setw(10) << std::fixed << 3.14159 << " " << std::boolalpha << true;
  std::cout << text.str() << std::endl;
  return std::regex_search(text.str(), std::regex("3\\.14[0-9]+ true")) ? 0 : 1;
}
