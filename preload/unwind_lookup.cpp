#include "preload/unwind_lookup.hpp"

#include "preload/module_list.hpp"
#include "preload/unwind_known_code.hpp"
#include "preload/unwind_object.hpp"

namespace memprof::preload {

void find_rules(std::uintptr_t address, ModuleList& modules, RuleScratch& scratch, FoundRules& found) {
  const std::uintptr_t inside = address - 1;
  found.known = false;
  found.module = modules.module_of(inside);
  FoundObject object{};
  const Object kind = find_object(inside, object);
  found.in_file = kind != Object::kNone;
  if (!found.in_file) return;
  FrameDescription description;
  if (kind == Object::kFound && find_frame_description(object.section, inside, description)) {
    found.known = run_frame_program(description, inside, scratch, found.rules);
  } else {
    found.known = known_code_rules(address, object.entry, found.rules);
  }
}

}  // namespace memprof::preload
