#include "collect/target_check_elf.hpp"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

namespace memprof::collect {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

struct Sanitizer {
  std::string_view library;  ///< in the name of a DT_NEEDED library
  std::string_view symbol;   ///< defined when linked in statically
  std::string_view name;
};
// UBSan is not here: it leaves the allocator alone.
constexpr std::array kSanitizers{
    Sanitizer{"hwasan", "__hwasan_init", "HWAddressSanitizer"}, Sanitizer{"asan", "__asan_init", "AddressSanitizer"},
    Sanitizer{"tsan", "__tsan_init", "ThreadSanitizer"},        Sanitizer{"msan", "__msan_init", "MemorySanitizer"},
    Sanitizer{"lsan", "__lsan_init", "LeakSanitizer"},
};

void read_program_headers(Elf* elf, std::size_t announced, ElfFacts& facts) {
  std::size_t count = 0, file_size = 0;
  const char* file = ::elf_rawfile(elf, &file_size);
  // libelf leaves out those that lie beyond the end of the file.
  facts.cut_short = file == nullptr || ::elf_getphdrnum(elf, &count) != 0 || count < announced;
  for (std::size_t i = 0; i < count && !facts.cut_short; ++i) {
    GElf_Phdr header;
    const bool there = ::gelf_getphdr(elf, static_cast<int>(i), &header) != nullptr;
    facts.cut_short = !there || header.p_offset > file_size || header.p_filesz > file_size - header.p_offset;
    if (facts.cut_short || header.p_type != PT_INTERP) continue;
    facts.loader.assign(file + header.p_offset, ::strnlen(file + header.p_offset, header.p_filesz));
  }
}

void note_library(std::string_view library, ElfFacts& facts) {
  for (const Sanitizer& sanitizer : kSanitizers) {
    const std::string gnu = "lib" + std::string(sanitizer.library) + ".so";
    const std::string llvm = "libclang_rt." + std::string(sanitizer.library);
    if (library.substr(0, gnu.size()) == gnu || library.substr(0, llvm.size()) == llvm)
      facts.sanitizer = sanitizer.name;
  }
}

void read_dynamic(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfFacts& facts) {
  Elf_Data* data = ::elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
    GElf_Dyn entry;
    if (::gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr || entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE) != 0) facts.position_independent_program = true;
    if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME) continue;
    const char* name = ::elf_strptr(elf, header.sh_link, entry.d_un.d_val);
    if (name == nullptr) continue;
    if (entry.d_tag == DT_NEEDED) note_library(name, facts);
    if (entry.d_tag == DT_SONAME && std::strncmp(name, "ld-", 3) == 0) facts.is_loader = true;
  }
}

void read_symbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfFacts& facts) {
  Elf_Data* data = ::elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
    GElf_Sym symbol;
    if (::gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    const bool defined = symbol.st_shndx != SHN_UNDEF;
    const char* name = ::elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr) continue;
    if (defined && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && std::strcmp(name, "malloc") == 0) {
      facts.defines_malloc = true;
    }
    if (name[0] != '_' || !defined) continue;
    for (const Sanitizer& sanitizer : kSanitizers) {
      if (name == sanitizer.symbol) facts.sanitizer = sanitizer.name;
    }
  }
}

void read_sections(Elf* elf, ElfFacts& facts) {
  for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section != nullptr; section = ::elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (::gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_DYNAMIC) read_dynamic(elf, section, header, facts);
    if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) read_symbols(elf, section, header, facts);
  }
}

}  // namespace

std::optional<ElfFacts> read_elf_facts(int descriptor, std::string& damage) {
  ::elf_version(EV_CURRENT);
  const ElfHandle elf(::elf_begin(descriptor, ELF_C_READ_MMAP, nullptr));
  if (elf == nullptr || ::elf_kind(elf.get()) != ELF_K_ELF) return std::nullopt;
  GElf_Ehdr header;
  if (::gelf_getehdr(elf.get(), &header) == nullptr) {
    damage = ::elf_errmsg(-1);
    return std::nullopt;
  }
  ElfFacts facts;
  facts.is_64_bit = header.e_ident[EI_CLASS] == ELFCLASS64;
  facts.little_endian = header.e_ident[EI_DATA] == ELFDATA2LSB;
  facts.machine = header.e_machine;
  facts.type = header.e_type;
  read_program_headers(elf.get(), header.e_phnum, facts);
  read_sections(elf.get(), facts);
  return facts;
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "x86 (32 bits)";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "arm (32 bits)";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    case EM_MIPS:
      return "mips";
    case EM_LOONGARCH:
      return "loongarch";
    default:
      return "machine type " + std::to_string(machine);
  }
}

std::uint16_t own_machine() {
#if defined(__x86_64__)
  return EM_X86_64;
#elif defined(__aarch64__)
  return EM_AARCH64;
#elif defined(__riscv)
  return EM_RISCV;
#else
#error "collect/target_check_elf.cpp: name this machine's EM_ constant"
#endif
}

}  // namespace memprof::collect
