// Clean: a static local object is destroyed at exit.
#include <map>
#include <string>

class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }
  void add(const std::string& name) { names_[name] = static_cast<int>(names_.size()); }
  std::size_t size() const { return names_.size(); }

 private:
  std::map<std::string, int> names_;
};

int main() {
  for (int i = 0; i < 20; ++i)
    Registry::instance().add("a name that is too long for the object itself " + std::to_string(i));
  return Registry::instance().size() == 20 ? 0 : 1;
}
