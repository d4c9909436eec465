#include "collect/memory_map.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "collect/unique_fd.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kMostCodeFiles = 64;
/// More than this of one mapping is not asked for page by page but shared out by size.
constexpr std::uint64_t kMostPagesAsked = std::uint64_t{1} << 20;

/// One paragraph of smaps.
struct Mapping {
  std::uint64_t start = 0, end = 0;
  bool writable = false, executable = false;
  bool not_dumped = false;  ///< VmFlags has dd: the mark of libmemprof.so's own memory (preload/sys.hpp)
  std::string path;
  std::uint64_t rss = 0;
};

/// Lines of a file of /proc, which are read as they are asked for.
class Lines {
 public:
  explicit Lines(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  /// Valid until the next call; lines longer than the buffer are cut.
  bool next(std::string_view& line) {
    for (;;) {
      const auto end = std::find(buffer_.begin() + begin_, buffer_.begin() + end_, '\n');
      if (end != buffer_.begin() + end_) {
        line = std::string_view(buffer_.data() + begin_, static_cast<std::size_t>(end - buffer_.begin()) - begin_);
        begin_ += line.size() + 1;
        return true;
      }
      if (!fill()) return false;
    }
  }

 private:
  bool fill() {
    std::copy(buffer_.begin() + begin_, buffer_.begin() + end_, buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (end_ == buffer_.size()) end_ = 0;
    ssize_t got = 0;
    do {
      got = file_ ? ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_) : 0;
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    end_ += static_cast<std::size_t>(got);
    return true;
  }

  UniqueFd file_;
  std::array<char, 32768> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

std::uint64_t hex_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{} ? value : 0;
}

/// "55fb-55fc rw-p 00000000 fe:00 2474   /usr/bin/head"; false for the other lines.
bool read_header(std::string_view line, Mapping& mapping) {
  const std::size_t dash = line.find('-'), space = line.find(' ');
  if (dash == std::string_view::npos || space == std::string_view::npos || dash > space || line.size() < space + 5) {
    return false;
  }
  std::string_view rest = line;
  mapping = {};
  mapping.start = hex_number(rest);
  if (rest.empty() || rest.front() != '-') return false;
  rest.remove_prefix(1);
  mapping.end = hex_number(rest);
  mapping.writable = line[space + 2] == 'w';
  mapping.executable = line[space + 3] == 'x';
  // The name follows the fifth column, behind any number of blanks.
  for (int column = 0; column < 5; ++column) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) return true;
    line.remove_prefix(std::min(line.find_first_not_of(' ', end), line.size()));
  }
  mapping.path = line;
  return mapping.end > mapping.start;
}

std::uint64_t overlap(const MappedAccounts::Range& a, std::uint64_t start, std::uint64_t end) {
  const std::uint64_t from = std::max(a.start, start), to = std::min(a.end, end);
  return to > from ? to - from : 0;
}

class Reader {
 public:
  Reader(pid_t pid, std::span<const MappedAccounts::Range> direct, std::span<const std::uint64_t> stack_pointers)
      : proc_("/proc/" + std::to_string(pid) + "/"),
        direct_(direct),
        stack_pointers_(stack_pointers.begin(), stack_pointers.end()) {
    std::sort(stack_pointers_.begin(), stack_pointers_.end());
  }

  std::optional<ResidentMemory> read() {
    Lines lines(proc_ + "smaps");
    std::string_view line;
    Mapping mapping, next;
    bool any = false;
    while (lines.next(line)) {
      if (line.starts_with("Rss:")) {
        line.remove_prefix(std::min(line.find_first_not_of(' ', 4), line.size()));
        std::from_chars(line.data(), line.data() + line.size(), mapping.rss);
        mapping.rss *= 1024;
      } else if (line.starts_with("VmFlags:")) {
        mapping.not_dumped = line.find(" dd") != std::string_view::npos;
      } else if (read_header(line, next)) {
        if (any) add(mapping);
        mapping = std::move(next);
        any = true;
      }
    }
    if (!any) return std::nullopt;
    add(mapping);
    return std::move(memory_);
  }

 private:
  void add(const Mapping& mapping) {
    const bool file = mapping.path.starts_with('/') && !mapping.path.starts_with("/memfd:") &&
                      !mapping.path.starts_with("/dev/zero") && !mapping.path.starts_with("/SYSV");
    // Zeroed data stands right behind the writable data of its file.
    const bool zeroed_data = mapping.path.empty() && mapping.writable && mapping.start == data_end_;
    data_end_ = mapping.writable && (file || zeroed_data) ? mapping.end : 0;
    if (file && mapping.executable) note_code(mapping.path);
    if (mapping.rss == 0) return;
    memory_.rss += mapping.rss;
    if (mapping.path.starts_with("/memfd:memprof") || mapping.path.ends_with("/libmemprof.so")) {
      memory_.memprof += mapping.rss;
    } else if (file || mapping.path == "[vdso]" || mapping.path == "[vvar]") {
      memory_.files += mapping.rss;
    } else if (mapping.path == "[stack]") {
      memory_.stacks += mapping.rss;
    } else {
      add_anonymous(mapping, zeroed_data);
    }
  }

  void add_anonymous(const Mapping& mapping, bool zeroed_data) {
    const std::uint64_t direct = direct_part(mapping);
    memory_.direct += direct;
    const std::uint64_t rest = mapping.rss - direct;
    if (mapping.not_dumped && direct == 0) {
      memory_.memprof += rest;
    } else if (zeroed_data) {
      memory_.files += rest;
    } else if (holds_stack(mapping)) {
      memory_.stacks += rest;
    } else {
      memory_.anonymous += rest;
    }
  }

  bool holds_stack(const Mapping& mapping) const {
    const auto first = std::lower_bound(stack_pointers_.begin(), stack_pointers_.end(), mapping.start);
    return mapping.path.empty() && first != stack_pointers_.end() && *first < mapping.end;
  }

  /// Resident bytes of the mapping that lie in ranges of the program's own.
  std::uint64_t direct_part(const Mapping& mapping) {
    auto range = std::partition_point(direct_.begin(), direct_.end(),
                                      [&](const MappedAccounts::Range& each) { return each.end <= mapping.start; });
    std::uint64_t covered = 0, resident = 0;
    bool asked = true;
    for (; range != direct_.end() && range->start < mapping.end; ++range) {
      covered += overlap(*range, mapping.start, mapping.end);
      if (asked && mapping.end - mapping.start <= kMostPagesAsked * kPage) {
        const auto pages = resident_in(std::max(range->start, mapping.start), std::min(range->end, mapping.end));
        asked = pages.has_value();
        resident += pages.value_or(0);
      } else {
        asked = false;
      }
    }
    if (covered >= mapping.end - mapping.start) return mapping.rss;
    if (asked) return std::min(resident, mapping.rss);
    const double share = static_cast<double>(covered) / static_cast<double>(mapping.end - mapping.start);
    return static_cast<std::uint64_t>(static_cast<double>(mapping.rss) * share);
  }

  std::optional<std::uint64_t> resident_in(std::uint64_t start, std::uint64_t end) {
    constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
    if (!pagemap_) pagemap_ = UniqueFd(::open((proc_ + "pagemap").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<std::uint64_t, 1024> entries;
    std::uint64_t bytes = 0;
    for (std::uint64_t page = start / kPage, last = (end + kPage - 1) / kPage; page < last;) {
      const std::size_t count = std::min<std::uint64_t>(entries.size(), last - page);
      const ssize_t got =
          pagemap_ ? ::pread(pagemap_.get(), entries.data(), count * 8, static_cast<off_t>(page * 8)) : -1;
      if (got < 8) return std::nullopt;
      for (std::size_t i = 0; i < static_cast<std::size_t>(got) / 8; ++i) {
        if ((entries[i] & kPresent) != 0) bytes += kPage;
      }
      page += static_cast<std::uint64_t>(got) / 8;
    }
    return bytes;
  }

  void note_code(const std::string& path) {
    std::vector<std::string>& files = memory_.code_files;
    if (files.size() < kMostCodeFiles && std::find(files.begin(), files.end(), path) == files.end()) {
      files.push_back(path);
    }
  }

  std::string proc_;
  std::span<const MappedAccounts::Range> direct_;
  std::vector<std::uint64_t> stack_pointers_;
  UniqueFd pagemap_;
  ResidentMemory memory_;
  std::uint64_t data_end_ = 0;  ///< end of the last mapping if that was a file's writable data
};

}  // namespace

std::optional<ResidentMemory> read_resident_memory(pid_t pid, std::span<const MappedAccounts::Range> direct,
                                                   std::span<const std::uint64_t> stack_pointers) {
  return Reader(pid, direct, stack_pointers).read();
}

}  // namespace memprof::collect
