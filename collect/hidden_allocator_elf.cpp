#include "collect/hidden_allocator_elf.hpp"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

namespace memprof::collect {
namespace {

constexpr std::size_t kMostBytesRead = std::size_t{64} << 20;
constexpr const char* kAllocator = "an allocator that is linked in";
constexpr const char* kRuntime = "a runtime with a heap of its own";

enum class Place : std::uint8_t {
  kSymbol,        ///< the name of a defined symbol
  kSymbolPrefix,  ///< the beginning of one
  kSymbolPart,    ///< any part of one
  kSection,       ///< the name of a section
  kText,          ///< in read-only data
  kFile,          ///< the beginning of the file's name
};

struct Mark {
  Place place;
  std::string_view text;
  const char* name;
  const char* kind;
};

// Marks that are surer come first. Symbols may be stripped; texts are those of messages and options.
constexpr std::array kMarks{
    Mark{Place::kFile, "libjvm.so", "the Java virtual machine", kRuntime},
    Mark{Place::kFile, "libcoreclr.so", ".NET", kRuntime},
    Mark{Place::kFile, "libv8", "V8", kRuntime},
    Mark{Place::kFile, "libmozjs", "SpiderMonkey", kRuntime},
    Mark{Place::kFile, "libjavascriptcoregtk", "JavaScriptCore", kRuntime},
    Mark{Place::kSection, ".go.buildinfo", "Go's runtime", kRuntime},
    Mark{Place::kSymbol, "runtime.mallocgc", "Go's runtime", kRuntime},
    Mark{Place::kSymbolPrefix, "_ZN2v8", "V8", kRuntime},
    Mark{Place::kSymbol, "JNI_CreateJavaVM", "the Java virtual machine", kRuntime},
    Mark{Place::kSymbol, "je_malloc", "jemalloc", kAllocator},
    Mark{Place::kSymbol, "_rjem_malloc", "jemalloc", kAllocator},
    Mark{Place::kSymbol, "_rjem_mallocx", "jemalloc", kAllocator},
    Mark{Place::kSymbol, "mallctl", "jemalloc", kAllocator},
    Mark{Place::kSymbol, "mi_malloc", "mimalloc", kAllocator},
    Mark{Place::kSymbol, "mi_malloc_aligned", "mimalloc", kAllocator},
    Mark{Place::kSymbol, "tc_malloc", "tcmalloc", kAllocator},
    Mark{Place::kSymbolPrefix, "TCMallocInternal", "tcmalloc", kAllocator},
    Mark{Place::kSymbol, "rpmalloc", "rpmalloc", kAllocator},
    Mark{Place::kSymbolPart, "__rg_alloc", "a global allocator of Rust's own choice", kAllocator},
    Mark{Place::kText, "<jemalloc>", "jemalloc", kAllocator},
    Mark{Place::kText, "mimalloc: ", "mimalloc", kAllocator},
    Mark{Place::kText, "tcmalloc: ", "tcmalloc", kAllocator},
    Mark{Place::kSymbol, "PyObject_Malloc", "Python's allocator for small objects",
         "PYTHONMALLOC=malloc switches it off"},
    Mark{Place::kFile, "libpython", "Python's allocator for small objects", "PYTHONMALLOC=malloc switches it off"},
};
/// Allocators in libraries of their own are profiled as any malloc is.
constexpr std::array<std::string_view, 3> kSeenAllocators{"libjemalloc", "libmimalloc", "libtcmalloc"};

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

struct EndElf {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};

/// The marks found in one file, as a set of indices into kMarks.
class Search {
 public:
  explicit Search(const CodeFile& file) {
    note(Place::kFile, base_name(file.path));
    if (file.descriptor < 0) return;
    ::elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, EndElf> elf(::elf_begin(file.descriptor, ELF_C_READ_MMAP, nullptr));
    if (elf != nullptr && ::elf_kind(elf.get()) == ELF_K_ELF) read_sections(elf.get());
  }

  const Mark* best() const {
    for (std::size_t i = 0; i < kMarks.size(); ++i) {
      if (found_[i]) return &kMarks[i];
    }
    return nullptr;
  }

 private:
  static bool fits(const Mark& mark, std::string_view text) {
    switch (mark.place) {
      case Place::kSymbol:
      case Place::kSection:
        return text == mark.text;
      case Place::kSymbolPrefix:
      case Place::kFile:
        return text.starts_with(mark.text);
      case Place::kSymbolPart:
      case Place::kText:
        return text.find(mark.text) != std::string_view::npos;
    }
    return false;
  }

  void note(Place place, std::string_view text) {
    const auto alike = [place](Place other) {
      const auto symbol = [](Place p) {
        return p == Place::kSymbol || p == Place::kSymbolPrefix || p == Place::kSymbolPart;
      };
      return other == place || (symbol(place) && symbol(other));
    };
    for (std::size_t i = 0; i < kMarks.size(); ++i) {
      if (!found_[i] && alike(kMarks[i].place)) found_[i] = fits(kMarks[i], text);
    }
  }

  void read_sections(Elf* elf) {
    std::size_t names = 0;
    if (::elf_getshdrstrndx(elf, &names) != 0) return;
    for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section != nullptr; section = ::elf_nextscn(elf, section)) {
      GElf_Shdr header;
      if (::gelf_getshdr(section, &header) == nullptr) continue;
      const char* const name = ::elf_strptr(elf, names, header.sh_name);
      if (name != nullptr) note(Place::kSection, name);
      if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) read_symbols(elf, section, header);
      if (name != nullptr && std::strcmp(name, ".rodata") == 0) read_text(section);
    }
  }

  void read_symbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Data* const data = ::elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return;
    const std::size_t count = std::min<std::size_t>(header.sh_size, kMostBytesRead) / header.sh_entsize;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (::gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
      if (symbol.st_shndx == SHN_UNDEF) continue;
      const char* const name = ::elf_strptr(elf, header.sh_link, symbol.st_name);
      if (name != nullptr && *name != '\0') note(Place::kSymbol, name);
    }
  }

  void read_text(Elf_Scn* section) {
    Elf_Data* const data = ::elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return;
    note(Place::kText, {static_cast<const char*>(data->d_buf), std::min<std::size_t>(data->d_size, kMostBytesRead)});
  }

  std::array<bool, kMarks.size()> found_{};
};

}  // namespace

std::string name_hidden_allocator(std::span<const CodeFile> files) {
  for (const CodeFile& file : files) {
    const std::string_view name = base_name(file.path);
    if (std::any_of(kSeenAllocators.begin(), kSeenAllocators.end(),
                    [&](auto seen) { return name.starts_with(seen); })) {
      continue;
    }
    if (const Mark* const mark = Search(file).best()) {
      return std::string(mark->name) + " (" + mark->kind + ") is in " + std::string(name);
    }
  }
  return {};
}

}  // namespace memprof::collect
