#include "collect/symbol_unpack.hpp"

#include <sys/stat.h>
#include <unistd.h>

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

/// Unpacked; libc's are 12 MB.
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

/// Bytes of all wanted sections once they are unpacked.
std::uint64_t unpacked_bytes(Elf* elf) {
  std::uint64_t bytes = 0;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
    GElf_Shdr header;
    GElf_Chdr packed;
    if (gelf_getshdr(scn, &header) == nullptr || (header.sh_flags & SHF_COMPRESSED) == 0) continue;
    if (!is_wanted(name_of(elf, header)) || gelf_getchdr(scn, &packed) == nullptr) continue;
    bytes += std::min(packed.ch_size, kMostBytes + 1);
  }
  return bytes;
}

/// The file with its unpacked sections behind it, and section headers that say so; empty: it can't be done.
std::vector<char> unpack(const ElfFile& file) {
  Elf* const elf = file.get();
  const std::string_view packed = file.bytes();
  Elf64_Ehdr header;
  if (packed.size() < sizeof header) return {};
  std::memcpy(&header, packed.data(), sizeof header);
  const bool usual = gelf_getclass(elf) == ELFCLASS64 && header.e_shentsize == sizeof(Elf64_Shdr) &&
                     header.e_shoff < packed.size() && unpacked_bytes(elf) <= kMostBytes;
  if (!usual) return {};
  std::vector<char> image;
  image.reserve(packed.size() + unpacked_bytes(elf) + kWanted.size() * kAlignment);
  image.assign(packed.begin(), packed.end());
  bool any = false;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
    GElf_Shdr section;
    if (gelf_getshdr(scn, &section) == nullptr || (section.sh_flags & SHF_COMPRESSED) == 0) continue;
    if (is_wanted(name_of(elf, section))) {
      if (elf_compress(scn, 0, 0) != 1 || gelf_getshdr(scn, &section) == nullptr) return {};
      const Elf_Data* const data = elf_getdata(scn, nullptr);
      if (data == nullptr || data->d_buf == nullptr) return {};
      image.resize((image.size() + kAlignment - 1) / kAlignment * kAlignment);
      section.sh_offset = image.size();
      section.sh_size = data->d_size;
      const char* const bytes = static_cast<const char*>(data->d_buf);
      image.insert(image.end(), bytes, bytes + data->d_size);
      any = true;
    } else {
      section.sh_type = SHT_NOBITS;  // libdw takes it for absent
      section.sh_flags &= ~std::uint64_t{SHF_COMPRESSED};
    }
    const std::size_t at = header.e_shoff + elf_ndxscn(scn) * sizeof(Elf64_Shdr);
    if (at + sizeof(Elf64_Shdr) > packed.size()) return {};
    std::memcpy(image.data() + at, &section, sizeof section);  // GElf_Shdr is Elf64_Shdr
  }
  return any ? image : std::vector<char>();
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
      // A handle of its own: unpacking changes the sections of the one that it is done with.
      if (const ElfFile mine = file.again()) {
        auto image = std::make_shared<const std::vector<char>>(unpack(mine));
        if (!image->empty()) entry->image = std::move(image);
      }
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
