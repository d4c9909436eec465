#include "collect/symbol_unpack.hpp"

#include <sys/stat.h>
#include <unistd.h>
#if defined(MEMPROF_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "collect/symbolizer.hpp"

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
  bool wanted = false;
  std::uint64_t bytes = 0;  ///< unpacked
  std::string_view packed;  ///< in the file
};

/// All compressed sections; false: one of the wanted is in a form that is not known here.
bool find_packed(const ElfFile& file, std::vector<PackedSection>& sections) {
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(file.get(), scn)) != nullptr;) {
    ElfSection section{scn, {}};
    if (gelf_getshdr(scn, &section.header) == nullptr || (section.header.sh_flags & SHF_COMPRESSED) == 0) continue;
    PackedSection& found = sections.emplace_back();
    found.index = elf_ndxscn(scn);
    found.header = section.header;
    found.wanted = is_wanted(name_of(file.get(), section.header));
    if (!found.wanted) continue;
    GElf_Chdr form;
    const std::string_view contents = file.contents(section);
    if (gelf_getchdr(scn, &form) == nullptr || form.ch_type != ELFCOMPRESS_ZLIB || form.ch_size > kMostBytes ||
        contents.size() < sizeof(Elf64_Chdr)) {
      return false;
    }
    found.bytes = form.ch_size;
    found.packed = contents.substr(sizeof(Elf64_Chdr));
  }
  return true;
}

std::size_t aligned(std::size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// The file with its unpacked sections behind it, and section headers that say so; empty: it can't be done.
std::vector<char> unpack(const ElfFile& file) {
  const std::string_view packed = file.bytes();
  Elf64_Ehdr header;
  std::vector<PackedSection> sections;
  if (packed.size() < sizeof header || gelf_getclass(file.get()) != ELFCLASS64 || !find_packed(file, sections)) {
    return {};
  }
  std::memcpy(&header, packed.data(), sizeof header);
  std::size_t size = packed.size();
  for (const PackedSection& section : sections) size = aligned(size) + section.bytes;
  const bool any = std::any_of(sections.begin(), sections.end(), [](const auto& section) { return section.wanted; });
  if (!any || size - packed.size() > kMostBytes || header.e_shentsize != sizeof(Elf64_Shdr)) return {};

  std::vector<char> image(size);
  std::memcpy(image.data(), packed.data(), packed.size());
  std::size_t end = packed.size();
  for (PackedSection& section : sections) {
    if (section.wanted) {
      section.header.sh_offset = aligned(end);
      section.header.sh_size = section.bytes;
      section.header.sh_addralign = 1;
      end = section.header.sh_offset + section.bytes;
      if (!inflate(section.packed, image.data() + section.header.sh_offset, section.bytes)) return {};
    } else {
      section.header.sh_type = SHT_NOBITS;  // libdw takes it for absent
    }
    section.header.sh_flags &= ~std::uint64_t{SHF_COMPRESSED};
    const std::uint64_t at = header.e_shoff + section.index * sizeof(Elf64_Shdr);
    if (header.e_shoff > packed.size() || at + sizeof(Elf64_Shdr) > packed.size()) return {};
    std::memcpy(image.data() + at, &section.header, sizeof(Elf64_Shdr));  // GElf_Shdr is Elf64_Shdr
  }
  return image;
}

/// Never destroyed: its thread may be at work when the process ends.
class Unpacker {
 public:
  static Unpacker& instance() {
    static auto* const unpacker = new Unpacker;
    return *unpacker;
  }

  ElfFile unpacked(ElfFile file) {
    struct stat status {};
    if (::fstat(file.descriptor(), &status) != 0) return file;
    const Key key{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    const std::shared_ptr<Entry> entry = entry_of(key);
    const std::lock_guard guard(entry->mutex);
    if (!entry->done) {
      entry->done = true;
      auto image = std::make_shared<const std::vector<char>>(unpack(file));
      if (!image->empty()) entry->image = std::move(image);
    }
    if (!entry->image) return file;
    ElfFile copy = ElfFile::open(entry->image);
    return copy ? std::move(copy) : std::move(file);
  }

  void expect(const std::string& build_id) {
    const std::lock_guard guard(mutex_);
    if (!expected_.insert(build_id).second) return;
    std::string path;
    for (const std::string& directory : usual_debug_directories()) {
      path = build_id_path(directory, build_id);
      if (!path.empty() && ::access(path.c_str(), R_OK) == 0) break;
      path.clear();
    }
    if (path.empty()) return;
    waiting_.push_back(std::move(path));
    if (!running_) start();
  }

 private:
  using Key = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  struct Entry {
    std::mutex mutex;
    bool done = false;
    std::shared_ptr<const std::vector<char>> image;
  };

  std::shared_ptr<Entry> entry_of(const Key& key) {
    const std::lock_guard guard(mutex_);
    std::shared_ptr<Entry>& entry = entries_[key];
    if (!entry) entry = std::make_shared<Entry>();
    return entry;
  }

  void start() {
    try {
      std::thread([this] { work(); }).detach();
      running_ = true;
    } catch (const std::system_error&) {
      waiting_.clear();  // no thread to be had: whoever wants the files unpacks them
    }
  }

  void work() {
    std::unique_lock guard(mutex_);
    while (!waiting_.empty()) {
      const std::string path = std::move(waiting_.front());
      waiting_.pop_front();
      guard.unlock();
      try {
        ElfFile file = ElfFile::open(path);
        if (file && file.has_dwarf() && file.dwarf_is_compressed()) static_cast<void>(unpacked(std::move(file)));
      } catch (const std::bad_alloc&) {
        // Then it stays packed.
      }
      guard.lock();
    }
    running_ = false;
  }

  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Entry>> entries_;
  std::set<std::string> expected_;
  std::deque<std::string> waiting_;
  bool running_ = false;
};

}  // namespace

std::string build_id_path(const std::string& directory, const std::string& build_id) {
  if (build_id.size() < 6 || build_id.size() > 128) return {};
  return directory + "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
}

ElfFile unpacked(ElfFile file) {
  return file && file.dwarf_is_compressed() ? Unpacker::instance().unpacked(std::move(file)) : std::move(file);
}

void expect_debug_file(const std::string& build_id) {
  if (!build_id.empty()) Unpacker::instance().expect(build_id);
}

}  // namespace memprof::collect
