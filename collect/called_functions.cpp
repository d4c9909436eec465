#include "collect/called_functions.hpp"

#include <algorithm>
#include <cstring>

namespace memprof::collect {
namespace {

constexpr unsigned char kCall = 0xe8;  // call rel32
constexpr std::size_t kCallBytes = 5;

/// The code from `address` on, as far as the section goes.
std::string_view code_at(const ElfFile& file, std::uint64_t address, std::uint64_t bytes) {
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(file.get(), scn)) != nullptr;) {
    ElfSection section{scn, {}};
    const GElf_Shdr& header = section.header;
    if (gelf_getshdr(scn, &section.header) == nullptr || (header.sh_flags & SHF_EXECINSTR) == 0) continue;
    if (address < header.sh_addr || address - header.sh_addr >= header.sh_size) continue;
    const std::string_view contents = file.contents(section);
    const std::uint64_t offset = address - header.sh_addr;
    return offset < contents.size() ? contents.substr(offset, bytes) : std::string_view{};
  }
  return {};
}

}  // namespace

std::vector<CalledFunction> CalledFunctions::after(std::uint64_t address, std::uint64_t bytes) {
  std::vector<CalledFunction> found;
  GElf_Ehdr header;
  if (!file_ || gelf_getehdr(file_.get(), &header) == nullptr || header.e_machine != EM_X86_64) return found;
  const std::string_view code = code_at(file_, address, bytes);
  if (code.size() < kCallBytes) return found;
  read_symbols();
  for (std::size_t at = 0; at + kCallBytes <= code.size(); ++at) {
    if (static_cast<unsigned char>(code[at]) != kCall) continue;
    // Other instructions hold such a byte as well; that what follows leads just to the beginning of a function says
    // that this is a call.
    std::int32_t distance = 0;
    std::memcpy(&distance, code.data() + at + 1, sizeof distance);
    const std::uint64_t next = address + at + kCallBytes;
    const auto symbol = symbols_.find(next + static_cast<std::uint64_t>(std::int64_t{distance}));
    if (symbol != symbols_.end()) found.push_back({next, symbol->second});
  }
  return found;
}

void CalledFunctions::read_symbols() {
  if (symbols_read_) return;
  symbols_read_ = true;
  const auto table = file_.section(".symtab");
  if (!table || table->header.sh_entsize == 0) return;
  Elf_Data* data = elf_getdata(table->handle, nullptr);
  const std::size_t count = data == nullptr ? 0 : data->d_size / table->header.sh_entsize;
  for (std::size_t index = 0; index < count; ++index) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(index), &symbol) == nullptr) break;
    if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    const char* name = elf_strptr(file_.get(), table->header.sh_link, symbol.st_name);
    if (name != nullptr) symbols_.emplace(symbol.st_value, name);
  }
}

}  // namespace memprof::collect
