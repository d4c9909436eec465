#include "collect/symbol_elf.hpp"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "collect/regular_file.hpp"

namespace memprof::collect {
namespace {

/// Nothing: no regular file.
std::optional<FileIdentity> identity_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

std::string build_id_in(Elf_Data* notes) {
  if (notes == nullptr || notes->d_buf == nullptr) return {};
  GElf_Nhdr note;
  std::size_t name = 0;
  std::size_t description = 0;
  for (std::size_t at = 0; (at = gelf_getnote(notes, at, &note, &name, &description)) > 0;) {
    const char* bytes = static_cast<const char*>(notes->d_buf);
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || std::memcmp(bytes + name, "GNU", 4) != 0) continue;
    return hex(bytes + description, note.n_descsz);
  }
  return {};
}

}  // namespace

ElfFile::ElfFile(ElfFile&& other) noexcept { *this = std::move(other); }

ElfFile& ElfFile::operator=(ElfFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  file_ = std::move(other.file_);
  identity_ = std::exchange(other.identity_, std::nullopt);
  image_ = std::move(other.image_);
  image_bytes_ = std::exchange(other.image_bytes_, 0);
  elf_ = std::exchange(other.elf_, nullptr);
  return *this;
}

ElfFile ElfFile::open(UniqueFd file) {
  ElfFile result;
  elf_version(EV_CURRENT);
  if (!file || !(result.identity_ = identity_of(file.get()))) return result;
  result.file_ = std::move(file);
  result.elf_ = elf_begin(result.file_.get(), ELF_C_READ_MMAP, nullptr);
  if (result.elf_ != nullptr && elf_kind(result.elf_) != ELF_K_ELF) result.close();
  return result;
}

ElfFile ElfFile::open(const std::string& path) {
  return open(open_regular_file(path));  // the path may be the target's word
}

ElfFile ElfFile::open(std::shared_ptr<const char> image, std::size_t bytes) {
  ElfFile result;
  elf_version(EV_CURRENT);
  result.image_ = std::move(image);
  result.image_bytes_ = bytes;
  // libelf only reads from it, whatever its prototype says.
  result.elf_ = elf_memory(const_cast<char*>(result.image_.get()), bytes);
  if (result.elf_ != nullptr && elf_kind(result.elf_) != ELF_K_ELF) result.close();
  return result;
}

ElfFile ElfFile::open(std::vector<char> image) {
  const auto owner = std::make_shared<const std::vector<char>>(std::move(image));
  return open(std::shared_ptr<const char>(owner, owner->data()), owner->size());
}

ElfFile ElfFile::again() const {
  if (image_) return open(image_, image_bytes_);
  return open(UniqueFd(fcntl(file_.get(), F_DUPFD_CLOEXEC, 0)));
}

void ElfFile::close() {
  if (elf_ != nullptr) elf_end(std::exchange(elf_, nullptr));
  file_.reset();
  identity_.reset();
  image_.reset();
}

bool ElfFile::is_same(const ElfFile& other) const {
  if (image_ || other.image_) return image_ == other.image_;
  return identity_ && identity_ == other.identity_;
}

std::string ElfFile::build_id() const {
  // Program headers of a file made by `objcopy --only-keep-debug` point nowhere, and dwelf trusts them: sections first.
  if (const auto note = section(".note.gnu.build-id")) {
    const std::string id = build_id_in(elf_rawdata(note->handle, nullptr));
    if (!id.empty()) return id;
  }
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf_, &bytes);
  return size > 0 ? hex(bytes, static_cast<std::size_t>(size)) : std::string();
}

std::string ElfFile::directory() const {
  const std::string link = "/proc/self/fd/" + std::to_string(file_.get());
  std::error_code error;
  const auto path = std::filesystem::read_symlink(link, error);
  return error ? std::string() : path.parent_path().string();
}

std::string_view ElfFile::bytes() const {
  std::size_t size = 0;
  const char* start = elf_rawfile(elf_, &size);
  return start == nullptr ? std::string_view() : std::string_view(start, size);
}

std::optional<ElfSection> ElfFile::section(std::string_view name) const {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) return std::nullopt;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_, scn)) != nullptr;) {
    ElfSection found{scn, {}};
    if (gelf_getshdr(scn, &found.header) == nullptr) continue;
    const char* found_name = elf_strptr(elf_, names, found.header.sh_name);
    if (found_name != nullptr && name == found_name) return found;
  }
  return std::nullopt;
}

std::string_view ElfFile::contents(const ElfSection& section) const {
  if (section.header.sh_type == SHT_NOBITS) return {};
  const Elf_Data* data = elf_rawdata(section.handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::span<const unsigned char> ElfFile::data_in_memory(std::string_view section_name) const {
  const auto found = section(section_name);
  if (!found || found->header.sh_type == SHT_NOBITS) return {};
  const Elf_Data* data = elf_getdata(found->handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const unsigned char*>(data->d_buf), data->d_size};
}

bool ElfFile::has_dwarf() const {
  for (const char* name : {".debug_info", ".zdebug_info"}) {
    const auto found = section(name);
    if (found && found->header.sh_type != SHT_NOBITS && found->header.sh_size > 0) return true;
  }
  return false;
}

bool ElfFile::dwarf_is_compressed() const {
  const auto entries = section(".debug_info");
  return !entries || (entries->header.sh_flags & SHF_COMPRESSED) != 0;
}

std::uint64_t ElfFile::lowest_code() const {
  std::uint64_t lowest = UINT64_MAX;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_, scn)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(scn, &header) == nullptr || (header.sh_flags & SHF_EXECINSTR) == 0) continue;
    lowest = std::min<std::uint64_t>(lowest, header.sh_addr);
  }
  return lowest == UINT64_MAX ? 0 : lowest;
}

std::string hex(const void* bytes, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char* byte = static_cast<const char*>(bytes); size-- > 0; ++byte) {
    text.push_back(kDigits[(static_cast<unsigned char>(*byte)) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(*byte) & 15]);
  }
  return text;
}

}  // namespace memprof::collect
