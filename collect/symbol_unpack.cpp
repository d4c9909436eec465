#include "collect/symbol_unpack.hpp"

#if defined(MEMPROF_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace memprof::collect {
namespace {

/// Unpacked; those of libc are 9 MB.
constexpr std::uint64_t kMostBytes = std::uint64_t{96} << 20;
constexpr std::size_t kAlignment = 16;

/// What the look-up of functions and lines reads.
constexpr std::array<std::string_view, 10> kWanted{
    ".debug_info",     ".debug_types",  ".debug_abbrev",   ".debug_line",        ".debug_str",
    ".debug_line_str", ".debug_ranges", ".debug_rnglists", ".debug_str_offsets", ".debug_addr"};

bool is_wanted(std::string_view name) { return std::find(kWanted.begin(), kWanted.end(), name) != kWanted.end(); }

std::string_view name_of(Elf* elf, const GElf_Shdr& header) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return {};
  const char* name = elf_strptr(elf, names, header.sh_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

/// False: the bytes are damaged, or stand for another number of bytes.
bool inflate(std::string_view packed, char* to, std::size_t bytes) {
#if defined(MEMPROF_HAVE_LIBDEFLATE)
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  return decompressor && libdeflate_zlib_decompress(decompressor.get(), packed.data(), packed.size(), to, bytes,
                                                    nullptr) == LIBDEFLATE_SUCCESS;
#else
  uLongf written = bytes;
  return ::uncompress(reinterpret_cast<Bytef*>(to), &written, reinterpret_cast<const Bytef*>(packed.data()),
                      packed.size()) == Z_OK &&
         written == bytes;
#endif
}

struct PackedSection {
  std::size_t index = 0;
  GElf_Shdr header{};
  std::string_view packed;  ///< in the file; empty: not wanted
};

/// All compressed sections; false: one of the wanted is in a form that is not known here.
bool find_packed(const ElfFile& file, std::vector<PackedSection>& sections) {
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(file.get(), scn)) != nullptr;) {
    ElfSection section{scn, {}};
    if (gelf_getshdr(scn, &section.header) == nullptr || (section.header.sh_flags & SHF_COMPRESSED) == 0) continue;
    PackedSection& found = sections.emplace_back();
    found.index = elf_ndxscn(scn);
    found.header = section.header;
    found.header.sh_flags &= ~std::uint64_t{SHF_COMPRESSED};
    found.header.sh_type = SHT_NOBITS;  // libdw takes it for absent
    if (!is_wanted(name_of(file.get(), section.header))) continue;
    GElf_Chdr form;
    const std::string_view contents = file.contents(section);
    if (gelf_getchdr(scn, &form) == nullptr || form.ch_type != ELFCOMPRESS_ZLIB || form.ch_size > kMostBytes ||
        contents.size() <= sizeof(Elf64_Chdr)) {
      return false;
    }
    found.header.sh_type = section.header.sh_type;
    found.header.sh_size = form.ch_size;
    found.header.sh_addralign = 1;
    found.packed = contents.substr(sizeof(Elf64_Chdr));
  }
  return true;
}

std::size_t aligned(std::size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// Unpacks one file: a copy with the unpacked sections behind it, and section headers that say so. Where the packed
/// ones were nothing is written, so that these pages take no memory.
class Unpacking {
 public:
  explicit Unpacking(const ElfFile& packed) : packed_(packed.again()) {
    possible_ = packed_ && find_packed(packed_, sections_) && lay_out();
    if (possible_) copy_the_rest();
  }

  /// Takes part until all is unpacked. Any number of threads may; each takes section after section.
  void work() {
    if (!possible_) return;
    // Relaxed: what it reads was written before the other threads saw this object.
    for (std::size_t index; (index = next_.fetch_add(1, std::memory_order_relaxed)) < sections_.size();) {
      const PackedSection& section = sections_[index];
      const bool good = section.packed.empty() ||
                        inflate(section.packed, image_.get() + section.header.sh_offset, section.header.sh_size);
      if (!good) damaged_.store(true, std::memory_order_relaxed);
      // The release hands the section over to whoever sees the count.
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == sections_.size()) done_.notify_all();
    }
    for (std::size_t done; (done = done_.load(std::memory_order_acquire)) != sections_.size();) {
      done_.wait(done, std::memory_order_acquire);
    }
  }

  /// After work(); false: it can't be done.
  ElfFile result() const { return possible_ && !damaged_ ? ElfFile::open(image_, bytes_) : ElfFile(); }

 private:
  /// Gives the unpacked sections their places.
  bool lay_out() {
    const std::string_view packed = packed_.bytes();
    if (packed.size() < sizeof header_ || gelf_getclass(packed_.get()) != ELFCLASS64) return false;
    std::memcpy(&header_, packed.data(), sizeof header_);
    if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shoff > packed.size()) return false;
    bytes_ = packed.size();
    for (PackedSection& section : sections_) {
      if (header_.e_shoff + (section.index + 1) * sizeof(Elf64_Shdr) > packed.size()) return false;
      if (section.packed.empty()) continue;
      section.header.sh_offset = aligned(bytes_);
      bytes_ = section.header.sh_offset + section.header.sh_size;
    }
    // The largest first, so that no thread is left with it at the end.
    std::stable_sort(sections_.begin(), sections_.end(),
                     [](const PackedSection& a, const PackedSection& b) { return a.packed.size() > b.packed.size(); });
    return bytes_ > packed.size() && bytes_ - packed.size() <= kMostBytes;
  }

  void copy_the_rest() {
    const std::string_view packed = packed_.bytes();
    image_ = std::shared_ptr<char>(static_cast<char*>(std::calloc(bytes_, 1)), std::free);  // untouched zeros
    if (!image_) throw std::bad_alloc();
    std::vector<std::string_view> left_out;
    for (const PackedSection& section : sections_) {
      if (!section.packed.empty()) left_out.push_back(section.packed);
    }
    std::sort(left_out.begin(), left_out.end(), [](auto a, auto b) { return a.data() < b.data(); });
    std::size_t copied = 0;
    const auto copy_to = [&](std::size_t end) {
      if (end > copied) std::memcpy(image_.get() + copied, packed.data() + copied, end - copied);
    };
    for (const std::string_view section : left_out) {
      const auto begin = static_cast<std::size_t>(section.data() - packed.data());
      copy_to(begin);
      copied = std::max(copied, begin + section.size());
    }
    copy_to(packed.size());
    for (const PackedSection& section : sections_) {  // GElf_Shdr is Elf64_Shdr
      std::memcpy(image_.get() + header_.e_shoff + section.index * sizeof(Elf64_Shdr), &section.header,
                  sizeof(Elf64_Shdr));
    }
  }

  ElfFile packed_;
  Elf64_Ehdr header_{};
  std::vector<PackedSection> sections_;
  std::shared_ptr<char> image_;
  std::size_t bytes_ = 0;
  bool possible_ = false;
  std::atomic<std::size_t> next_{0}, done_{0};  ///< of sections_
  std::atomic<bool> damaged_{false};
};

/// Never destroyed: other threads may be at work when the process ends.
class UnpackedFiles {
 public:
  static UnpackedFiles& instance() {
    static auto* const files = new UnpackedFiles;
    return *files;
  }

  ElfFile of(ElfFile packed) {
    const auto identity = packed.identity();
    if (!identity) return packed;
    const std::shared_ptr<Entry> entry = entry_of(*identity);
    std::shared_ptr<Unpacking> unpacking;
    {
      const std::lock_guard guard(entry->mutex);
      if (!entry->done && !entry->unpacking) entry->unpacking = std::make_shared<Unpacking>(packed);
      unpacking = entry->unpacking;
    }
    if (unpacking) {
      unpacking->work();
      const std::lock_guard guard(entry->mutex);
      if (!entry->done) entry->image = unpacking->result();
      entry->done = true;
      entry->unpacking.reset();  // and with it the packed file
    }
    const std::lock_guard guard(entry->mutex);
    ElfFile copy = entry->image ? entry->image.again() : ElfFile();
    return copy ? std::move(copy) : std::move(packed);
  }

 private:
  struct Entry {
    std::mutex mutex;
    bool done = false;
    std::shared_ptr<Unpacking> unpacking;  ///< while it is not done
    ElfFile image;                         ///< false: it stays packed
  };

  std::shared_ptr<Entry> entry_of(const FileIdentity& identity) {
    const std::lock_guard guard(mutex_);
    std::shared_ptr<Entry>& entry = entries_[identity];
    if (!entry) entry = std::make_shared<Entry>();
    return entry;
  }

  std::mutex mutex_;
  std::map<FileIdentity, std::shared_ptr<Entry>> entries_;
};

}  // namespace

std::string build_id_path(const std::string& directory, const std::string& build_id) {
  if (build_id.size() < 6 || build_id.size() > 128) return {};
  return directory + "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
}

ElfFile unpacked(ElfFile file) {
  return file && file.dwarf_is_compressed() ? UnpackedFiles::instance().of(std::move(file)) : std::move(file);
}

}  // namespace memprof::collect
