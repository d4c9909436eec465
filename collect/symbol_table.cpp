#include "collect/symbol_table.hpp"

#include <algorithm>
#include <cstring>

namespace memprof::collect {
namespace {

/// A function symbol as far as ranking goes.
struct Candidate {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  ///< one past the last byte; equal to start for symbols without size
  const char* name = nullptr;
  unsigned char bind = STB_LOCAL;
};

std::size_t underscores(const char* name) { return std::strspn(name, "_"); }

/// Which of several names of one address people know: malloc rather than __libc_malloc.
bool better_name(const Candidate& a, const Candidate& b) {
  const auto rank = [](unsigned char bind) { return bind == STB_GLOBAL ? 0 : bind == STB_WEAK ? 1 : 2; };
  if (rank(a.bind) != rank(b.bind)) return rank(a.bind) < rank(b.bind);
  if (underscores(a.name) != underscores(b.name)) return underscores(a.name) < underscores(b.name);
  const std::size_t a_length = std::strlen(a.name);
  const std::size_t b_length = std::strlen(b.name);
  if (a_length != b_length) return a_length < b_length;
  return std::strcmp(a.name, b.name) < 0;
}

/// Half-open address ranges of the executable sections: a symbol says nothing about code in another section.
struct CodeSections {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;

  explicit CodeSections(const ElfFile& file) {
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(file.get(), scn)) != nullptr;) {
      GElf_Shdr header;
      if (gelf_getshdr(scn, &header) == nullptr || (header.sh_flags & SHF_EXECINSTR) == 0) continue;
      ranges.emplace_back(header.sh_addr, header.sh_addr + header.sh_size);
    }
  }
  bool same(std::uint64_t a, std::uint64_t b) const {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return a >= range.first && a < range.second && b >= range.first && b < range.second;
    });
  }
};

class Matcher {
 public:
  explicit Matcher(std::span<const std::uint64_t> addresses) : addresses_(addresses), below_(addresses.size()) {}

  /// Adds every function symbol of a table that could matter; its names must stay valid until matches().
  void add(const ElfFile& file, const ElfSection& table) {
    Elf_Data* data = elf_getdata(table.handle, nullptr);
    if (data == nullptr || table.header.sh_entsize == 0) return;
    const std::size_t count = data->d_size / table.header.sh_entsize;
    for (std::size_t index = 0; index < count; ++index) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(index), &symbol) == nullptr) break;
      const int type = GELF_ST_TYPE(symbol.st_info);
      // STT_NOTYPE: labels of hand-written assembly such as _start.
      const bool code = type == STT_FUNC || type == STT_GNU_IFUNC || (type == STT_NOTYPE && symbol.st_size == 0);
      if (!code || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
      add(file, table.header.sh_link, symbol);
    }
  }

  std::vector<SymbolMatch> matches(const CodeSections& sections) {
    std::vector<SymbolMatch> result(addresses_.size());
    mark_covering(result);
    const Candidate* nearest = nullptr;
    for (std::size_t index = 0; index < addresses_.size(); ++index) {
      if (below_[index].name != nullptr) nearest = &below_[index];
      if (!result[index].name.empty() || nearest == nullptr) continue;
      if (sections.same(nearest->start, addresses_[index])) result[index] = {plain(nearest->name), true};
    }
    return result;
  }

 private:
  void add(const ElfFile& file, std::size_t strings, const GElf_Sym& symbol) {
    const auto first = std::lower_bound(addresses_.begin(), addresses_.end(), symbol.st_value);
    if (first == addresses_.end()) return;
    const std::uint64_t room = UINT64_MAX - symbol.st_value;
    const Candidate candidate{symbol.st_value, symbol.st_value + std::min(symbol.st_size, room),
                              elf_strptr(file.get(), strings, symbol.st_name),
                              static_cast<unsigned char>(GELF_ST_BIND(symbol.st_info))};
    if (candidate.name == nullptr || *candidate.name == '\0') return;
    if (*first < candidate.end) covering_.push_back(candidate);
    Candidate& below = below_[static_cast<std::size_t>(first - addresses_.begin())];
    const bool closer = below.name == nullptr || candidate.start > below.start;
    if (closer || (candidate.start == below.start && better_name(candidate, below))) below = candidate;
  }

  /// Sweeps over the addresses with a stack of the symbols that are open: its top is the innermost.
  void mark_covering(std::vector<SymbolMatch>& result) {
    std::sort(covering_.begin(), covering_.end(), [](const Candidate& a, const Candidate& b) {
      if (a.start != b.start) return a.start < b.start;
      if (a.end != b.end) return a.end > b.end;
      return better_name(b, a);
    });
    std::vector<const Candidate*> open;
    std::size_t next = 0;
    for (std::size_t index = 0; index < addresses_.size(); ++index) {
      const std::uint64_t address = addresses_[index];
      while (next < covering_.size() && covering_[next].start <= address) open.push_back(&covering_[next++]);
      while (!open.empty() && open.back()->end <= address) open.pop_back();
      if (!open.empty()) result[index] = {plain(open.back()->name), false};
    }
  }

  /// Without the version of a symbol in .symtab: memcpy@@GLIBC_2.14.
  static std::string plain(const char* name) {
    const std::string text(name);
    const std::size_t at = text.find('@');
    return at == 0 ? text : text.substr(0, at);
  }

  std::span<const std::uint64_t> addresses_;
  std::vector<Candidate> covering_;
  std::vector<Candidate> below_;  ///< by address: the last symbol that starts after the previous address
};

std::optional<ElfSection> table_of(const ElfFile& file, GElf_Word type) {
  if (!file) return std::nullopt;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(file.get(), scn)) != nullptr;) {
    ElfSection found{scn, {}};
    if (gelf_getshdr(scn, &found.header) != nullptr && found.header.sh_type == type) return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<SymbolMatch> match_symbols(const ModuleFiles& files, std::span<const std::uint64_t> addresses,
                                       bool& tables_found) {
  Matcher matcher(addresses);
  tables_found = false;
  const auto add = [&](const ElfFile& file, GElf_Word type) {
    const auto table = table_of(file, type);
    if (!table || table->header.sh_type == SHT_NOBITS) return false;
    matcher.add(file, *table);
    tables_found = true;
    return true;
  };
  ElfFile mini;  // holds its names until matches() has copied them
  if (!add(files.image, SHT_SYMTAB) && !add(files.debug, SHT_SYMTAB)) {
    if (files.image) mini = open_mini_debug_info(files.image);
    add(mini, SHT_SYMTAB);
    add(files.image, SHT_DYNSYM);
  }
  const ElfFile& any = files.image ? files.image : files.debug;
  if (!tables_found || !any) return std::vector<SymbolMatch>(addresses.size());
  return matcher.matches(CodeSections(any));
}

}  // namespace memprof::collect
