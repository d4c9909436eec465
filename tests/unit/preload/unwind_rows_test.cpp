// Rows, their table, and what is known to be readable.

#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "preload/unwind_memory.hpp"
#include "preload/unwind_row_table.hpp"
#include "tests/catch.hpp"
#include "tests/unit/preload/unwind_region.hpp"

namespace memprof::preload::test {
namespace {

using Kind = UnwindRow::Kind;

FrameRules rules(unsigned cfa_register, std::int64_t cfa_offset) {
  FrameRules made{};
  made.cfa = Rule(Rule::Kind::kRegister, static_cast<std::int64_t>(cfa_register));
  made.cfa_offset = cfa_offset;
  made.registers[kRip] = Rule(Rule::Kind::kAtCfa, -8);
  return made;
}

FrameRules rules_saving_rbp(unsigned cfa_register, std::int64_t cfa_offset, std::int64_t at) {
  FrameRules made = rules(cfa_register, cfa_offset);
  made.registers[kRbp] = Rule(Rule::Kind::kAtCfa, at);
  return made;
}

TEST_CASE("usual rules fit in a row") {
  const UnwindRow plain = UnwindRow::from_rules(rules(kRsp, 4096), 7, 0x12345);
  CHECK(plain.kind() == Kind::kPlain);
  CHECK(plain.is_plain(UnwindRow::stamp(0x12345)));
  CHECK(!plain.is_current(UnwindRow::stamp(0x12346)));
  CHECK(plain.module() == 7);
  CHECK(!plain.cfa_from_rbp());
  CHECK(plain.cfa_offset() == 4096);
  CHECK(!plain.saves_rbp());
  CHECK(plain.rbp_depth() == 8);

  const UnwindRow framed = UnwindRow::from_rules(rules_saving_rbp(kRbp, 16, -16), 65535, 0xffffffff);
  CHECK(framed.is_plain(UnwindRow::stamp(0xffffffff)));
  CHECK(framed.module() == 65535);
  CHECK(framed.cfa_from_rbp());
  CHECK(framed.saves_rbp());
  CHECK(framed.rbp_depth() == 16);

  const UnwindRow largest = UnwindRow::from_rules(rules_saving_rbp(kRsp, 0xffff * 8, -0x7ff * 8), 1, 1);
  CHECK(largest.kind() == Kind::kPlain);
  CHECK(largest.cfa_offset() == 0xffff * 8);
  CHECK(largest.rbp_depth() == 0x7ff * 8);
}

TEST_CASE("rules that do not fit in a row are left to the interpreter") {
  FrameRules signal_frame = rules(kRsp, 8);
  signal_frame.signal_frame = true;
  FrameRules moved_return_address = rules(kRsp, 64);
  moved_return_address.registers[kRip] = Rule(Rule::Kind::kAtCfa, -40);
  FrameRules rbp_by_value = rules(kRsp, 64);
  rbp_by_value.registers[kRbp] = Rule(Rule::Kind::kCfaPlus, std::int64_t{0});
  FrameRules own_rsp = rules(kRsp, 64);
  own_rsp.registers[kRsp] = Rule(Rule::Kind::kAtCfa, -24);
  for (const FrameRules& each :
       {rules(kRbx, 16), rules(kRsp, 0), rules(kRsp, -16), rules(kRsp, 20), rules(kRsp, 0x10000 * 8), signal_frame,
        moved_return_address, rbp_by_value, own_rsp, rules_saving_rbp(kRsp, 16, -24), rules_saving_rbp(kRbp, 16, -24),
        rules_saving_rbp(kRsp, 1 << 16, -0x800 * 8), rules_saving_rbp(kRsp, 16, 8)}) {
    CHECK(UnwindRow::from_rules(each, 3, 1).kind() == Kind::kFullRules);
    CHECK(UnwindRow::from_rules(each, 3, 1).module() == 3);
  }
  FrameRules outermost = rules(kRsp, 8);
  outermost.registers[kRip] = Rule(Rule::Kind::kUndefined, std::int64_t{0});
  CHECK(UnwindRow::from_rules(outermost, 3, 1).kind() == Kind::kOutermost);
  CHECK(UnwindRow::from_rules(FrameRules{}, 3, 1).kind() == Kind::kNoRules);
}

UnwindRow numbered_row(std::uintptr_t number, std::uint32_t generation) {
  return UnwindRow::other(Kind::kFullRules, static_cast<std::uint16_t>(number), generation);
}

TEST_CASE("a row table grows, and finds what was entered") {
  auto table = std::make_unique<RowTable>();
  constexpr std::uintptr_t kRows = 100'000;
  const auto address = [](std::uintptr_t number) { return 0x7f00'0000'0001 + number * 7; };
  CHECK(table->find(address(1)).bits() == 0);
  std::size_t mapped = 0;
  for (std::uintptr_t i = 0; i < kRows; ++i) mapped += table->insert(address(i), numbered_row(i, 1), 1);
  std::uintptr_t found = 0;
  for (std::uintptr_t i = 0; i < kRows; ++i) {
    const UnwindRow row = table->find(address(i));
    if (row.bits() == 0) continue;  // an overfull neighbourhood
    REQUIRE(row.bits() == numbered_row(i, 1).bits());
    ++found;
  }
  CHECK(found > kRows * 99 / 100);
  CHECK(mapped > kRows * 16);
  CHECK(mapped < kRows * 16 * 10);
  CHECK(table->find(address(kRows)).bits() == 0);
}

TEST_CASE("a row of another generation is told from a present one, also 65,536 generations later") {
  auto table = std::make_unique<RowTable>();
  table->insert(4097, numbered_row(1, 5), 5);
  CHECK(table->find(4097).is_current(UnwindRow::stamp(5)));
  CHECK(!table->find(4097).is_current(UnwindRow::stamp(6)));
  table->insert(4097, numbered_row(2, 6), 6);
  CHECK(table->find(4097).module() == 2);
  table->insert(8193, numbered_row(3, 0x10006), 0x10006);
  CHECK(table->find(4097).bits() == 0);
  CHECK(table->find(8193).is_current(UnwindRow::stamp(0x10006)));
}

TEST_CASE("threads enter rows into one table") {
  auto table = std::make_unique<RowTable>();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&table, &wrong] {
      for (std::uintptr_t i = 1; i < 20'000; ++i) {
        const UnwindRow present = table->find(i * 11);
        if (present.bits() != 0 && present.bits() != numbered_row(i, 1).bits()) ++wrong;
        table->insert(i * 11, numbered_row(i, 1), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("only what can be read is readable") {
  constexpr std::size_t kPage = StackRange::kPageBytes;
  auto* const pages = static_cast<char*>(::mmap(nullptr, 5 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(pages != MAP_FAILED);
  ::mprotect(pages + kPage, 2 * kPage, PROT_READ);
  const auto first = reinterpret_cast<std::uintptr_t>(pages) + kPage;
  errno = 77;
  CHECK(is_readable(first));
  CHECK(is_readable(first + 2 * kPage - 8));
  for (const std::uintptr_t address :
       {std::uintptr_t{0}, std::uintptr_t{8}, std::uintptr_t{4095}, first - 1, first - 8, first + 2 * kPage - 7,
        first + 2 * kPage, std::uintptr_t{1} << 63, ~std::uintptr_t{0}, ~std::uintptr_t{7}}) {
    CHECK(!is_readable(address));
  }
  CHECK(errno == 77);

  StackRange range;
  CHECK(!range.covers(first));
  CHECK(!range.restart(first - 8));
  CHECK(range.empty());
  REQUIRE(range.restart(first + kPage));
  CHECK(range.low() == first + kPage);
  CHECK(range.covers(first + 2 * kPage - 8));
  CHECK(!range.covers(first + 2 * kPage - 7));
  CHECK(range.extend(first));
  CHECK(range.covers(first));
  CHECK(!range.extend(first - 1));
  CHECK(!range.extend(first + 2 * kPage - 4));
  CHECK(!range.extend(first + StackRange::kWidestGap * 4));
  CHECK(!range.extend(~std::uintptr_t{0}));
  CHECK(range.low() == first);
  CHECK(range.high() == first + 2 * kPage);
  ::munmap(pages, 5 * kPage);
}

}  // namespace
}  // namespace memprof::preload::test
