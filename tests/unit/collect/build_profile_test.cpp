// From a capture to a profile, with symbols of the test's own making and with real ones.

#include "collect/build_profile.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>

#include "collect/hook_names.hpp"
#include "collect/profile_assembly.hpp"
#include "collect/used_code.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "wire/region.hpp"

namespace memprof::collect {
namespace {

/// A capture with the four roots and two loads of one library.
CapturedProcess make_capture() {
  CapturedProcess captured;
  captured.hook_names = hook_names();
  captured.stacks.resize(wire::kFirstNode);
  captured.modules.resize(4);
  for (std::size_t i : {1u, 2u}) {
    captured.modules[i].path = "/lib/a.so";
    captured.modules[i].build_id = "ab";
    captured.modules[i].start = captured.modules[i].bias = 0x10000 * i;
    captured.modules[i].end = captured.modules[i].start + 0x1000;
  }
  return captured;
}

std::uint32_t add_node(CapturedProcess& captured, std::uint32_t parent, std::uint16_t module, std::uint64_t address) {
  captured.stacks.push_back({parent, module, address});
  return static_cast<std::uint32_t>(captured.stacks.size() - 1);
}

Site& add_site(CapturedProcess& captured, std::uint32_t stack, wire::Hook hook = wire::Hook::kMalloc) {
  Site& site = captured.sites.emplace_back();
  site.stack = stack;
  site.hook = static_cast<StringIndex>(hook);
  return site;
}

/// "outer: inner2: inner1: root" by function names.
std::string stack_text(const Profile& profile, NodeIndex node) {
  std::string text;
  for (; profile.stacks[node].parent != kNoIndex; node = profile.stacks[node].parent) {
    text += profile.text(profile.frames[profile.stacks[node].frame].function) + ": ";
  }
  return text + std::to_string(node);
}

TEST_CASE("code of one file at one place is looked up once, however often it was loaded or called") {
  CapturedProcess captured = make_capture();
  const auto one = add_node(captured, 0, 1, 0x10100);
  const auto two = add_node(captured, one, 2, 0x20100);
  add_node(captured, one, 1, 0x10200);  // used by no site
  const auto jit = add_node(captured, two, wire::kNoModule, 0x777);
  const auto unfinished = add_node(captured, jit, 3, 0x888);
  add_site(captured, unfinished);

  const UsedCode code = find_used_code(captured);
  REQUIRE(code.images.size() == 1);
  CHECK(code.images[0].path == "/lib/a.so");
  REQUIRE(code.locations.size() == 1);
  CHECK(code.locations[0] == CodeLocation{0, 0x100});
  CHECK(code.location_of[one] == 0);
  CHECK(code.location_of[two] == 0);
  CHECK(code.location_of[jit] == kNoIndex);

  const Profile profile = assemble_profile(std::move(captured), code, {{{"f", "f.c", 3, 1, false, false}}}, {true});
  CHECK(stack_text(profile, profile.sites[0].stack) == ": : f: f: 0");
  CHECK(profile.capture.unresolved_frames == 2);
  CHECK(profile.frames[1].offset == 0x777);
  CHECK(profile.frames[1].module == kNoIndex);
  CHECK(profile.modules.size() == 1);
}

TEST_CASE("inlined frames become frames of their own, outermost nearest to the root") {
  CapturedProcess captured = make_capture();
  add_site(captured, add_node(captured, wire::kRootCutUnwind, 1, 0x10100));
  const UsedCode code = find_used_code(captured);
  const Profile profile = assemble_profile(std::move(captured), code,
                                           {{{"inner", "i.h", 3, 1, true, false},
                                             {"middle", "i.h", 9, 8, true, false},
                                             {"outer", "o.c", 5, 4, false, false}}},
                                           {true});
  REQUIRE(profile.sites.size() == 1);
  CHECK(stack_text(profile, profile.sites[0].stack) == "inner: middle: outer: 1");
  const Frame& inner = profile.frames[profile.stacks[profile.sites[0].stack].frame];
  CHECK(inner.inlined);
  CHECK(inner.line == 3);
  CHECK(inner.function_line == 1);
  CHECK(inner.offset == 0);
  CHECK(profile.text(inner.file) == "i.h");
}

TEST_CASE("sites whose stacks read the same are one") {
  CapturedProcess captured = make_capture();
  Site& free_site = add_site(captured, add_node(captured, 0, 1, 0x10100), wire::Hook::kFree);
  free_site.frees = 4;
  free_site.freed_bytes = 40;
  free_site.highest_heap = 1000;
  Site& one = add_site(captured, add_node(captured, 0, 1, 0x10110), wire::Hook::kNew);
  one.allocations = 5;
  one.allocated_bytes = 120;
  one.live_blocks = one.peak_blocks = 5;
  one.live_bytes = one.peak_bytes = 120;
  one.min_size = one.max_size = one.size_divisor = 24;
  one.size_histogram = {{5, 5}};
  one.lifetime_histogram = {{3, 1}, {9, 1}};
  one.highest_heap = 700;
  Site& two = add_site(captured, add_node(captured, 0, 1, 0x10120), wire::Hook::kMalloc);
  two.allocations = 2;
  two.allocated_bytes = 72;
  two.temporary_allocations = 1;
  two.failed_allocations = 3;
  two.min_size = two.max_size = two.size_divisor = 36;
  two.size_histogram = {{4, 1}, {6, 1}};
  two.lifetime_histogram = {{3, 2}};
  const UsedCode code = find_used_code(captured);
  const SourceFrame same{"f", "f.c", 3, 1, false, false};
  const Profile profile = assemble_profile(std::move(captured), code, {{same}, {same}, {same}}, {true});
  REQUIRE(profile.sites.size() == 1);
  const Site& site = profile.sites[0];
  CHECK(profile.text(site.hook) == "operator new");
  CHECK(site.allocations == 7);
  CHECK(site.allocated_bytes == 192);
  CHECK(site.live_bytes == 120);
  CHECK(site.peak_bytes == 120);
  CHECK(site.peak_blocks == 5);
  CHECK(site.frees == 4);
  CHECK(site.freed_bytes == 40);
  CHECK(site.min_size == 24);
  CHECK(site.max_size == 36);
  CHECK(site.size_divisor == 12);
  CHECK(site.temporary_allocations == 1);
  CHECK(site.failed_allocations == 3);
  CHECK(site.highest_heap == 1000);
  CHECK(site.size_histogram == Histogram{{4, 1}, {5, 5}, {6, 1}});
  CHECK(site.lifetime_histogram == Histogram{{3, 3}, {9, 1}});
}

TEST_CASE("frames without a proper name stay apart by their offset") {
  CapturedProcess captured = make_capture();
  for (const std::uint64_t address : {0x10100u, 0x10200u, 0x10300u, 0x10400u}) {
    add_site(captured, add_node(captured, 0, 1, address)).allocations = 1;
  }
  const UsedCode code = find_used_code(captured);
  const SourceFrame unknown{}, nearest{"sym", "", 0, 0, false, true};
  const Profile profile =
      assemble_profile(std::move(captured), code, {{unknown}, {unknown}, {nearest}, {nearest}}, {false});
  CHECK(profile.sites.size() == 4);
  CHECK(profile.capture.unresolved_frames == 2);
  CHECK(profile.frames[0].offset == 0x100);
  CHECK(profile.frames[3].nearest);
  CHECK_FALSE(profile.modules[0].symbols_found);
}

TEST_CASE("stacks that were cut or lost hang under their roots") {
  CapturedProcess captured = make_capture();
  for (wire::StackId root = 0; root < wire::kFirstNode; ++root) add_site(captured, root).allocations = 1;
  const UsedCode code = find_used_code(captured);
  const Profile profile = assemble_profile(std::move(captured), code, {}, {true});
  REQUIRE(profile.sites.size() == 3);
  CHECK(profile.sites[0].stack == kCompleteRoot);
  CHECK(profile.sites[1].stack == kCutRoot);
  CHECK(profile.sites[1].allocations == 2);
  CHECK(profile.sites[2].stack == kLostRoot);
}

TEST_CASE("a very deep stack is no matter") {
  CapturedProcess captured = make_capture();
  std::uint32_t node = 0;
  for (int i = 0; i < 200'000; ++i) node = add_node(captured, node, 1, 0x10100);
  add_site(captured, node);
  const UsedCode code = find_used_code(captured);
  const Profile profile = assemble_profile(std::move(captured), code, {{{"f", "f.c", 1, 1, false, false}}}, {true});
  CHECK(profile.stacks.size() == 200'003);
  CHECK(profile.frames.size() == 1);
}

TEST_CASE("a capture of this very program gets its function names, and the profile can be written and read") {
  Dl_info info{};
  link_map* map = nullptr;
  auto* function = reinterpret_cast<void*>(&wire::lay_out);
  REQUIRE(::dladdr1(function, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0);
  CapturedProcess captured = make_capture();
  captured.modules[1].path = "/proc/self/exe";
  captured.modules[1].file = UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  captured.modules[1].build_id.clear();
  captured.modules[1].bias = map->l_addr;
  const auto address = reinterpret_cast<std::uint64_t>(function) + 1;
  Site& site = add_site(captured, add_node(captured, 0, 1, address));
  site.allocations = site.live_blocks = 1;
  captured.threads.emplace_back().name = 0;
  captured.thread_names = {"main"};
  std::vector<std::string> notes;
  const Profile profile = build_profile(std::move(captured), {}, {}, &notes);
  CHECK(stack_text(profile, profile.sites[0].stack).find("memprof::wire::lay_out") == 0);
  CHECK(profile.modules[0].symbols_found);
  CHECK(profile.text(profile.threads[0].name) == "main");
  CHECK(profile.generator.find("memprof ") == 0);
  const Result<Profile> again = parse_profile(format_profile(profile), "again");
  REQUIRE(again);
  CHECK(again->sites == profile.sites);
}

}  // namespace
}  // namespace memprof::collect
