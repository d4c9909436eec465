// Where this very process's memory is: the kernel's word on mappings that a test has made.

#include "collect/memory_map.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "collect/hidden_allocator_elf.hpp"
#include "collect/unique_fd.hpp"
#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

/// Anonymous memory of which the first part is touched.
class Anonymous {
 public:
  Anonymous(std::size_t bytes, std::size_t touched) : bytes_(bytes) {
    start_ = static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    REQUIRE(start_ != MAP_FAILED);
    ::madvise(start_, bytes, MADV_NOHUGEPAGE);
    std::memset(start_, 1, touched);
  }
  ~Anonymous() { ::munmap(start_, bytes_); }
  Anonymous(const Anonymous&) = delete;
  Anonymous& operator=(const Anonymous&) = delete;

  char* start() const { return start_; }
  MappedAccounts::Range range(std::size_t from, std::size_t to) const {
    const auto start = reinterpret_cast<std::uint64_t>(start_);
    return {start + from, start + to};
  }

 private:
  char* start_;
  std::size_t bytes_;
};

ResidentMemory look(const std::vector<MappedAccounts::Range>& direct, const std::vector<std::uint64_t>& stacks = {}) {
  const auto memory = read_resident_memory(::getpid(), direct, stacks);
  REQUIRE(memory);
  CHECK(memory->files + memory->stacks + memory->direct + memory->anonymous + memory->memprof == memory->rss);
  return *memory;
}

TEST_CASE("ranges of the program's own are told from other memory, to the page", "[memory]") {
  const Anonymous memory(8 * kMiB, 5 * kMiB);
  const ResidentMemory without = look({});
  CHECK(without.direct == 0);
  CHECK(without.files > 0);
  const ResidentMemory whole = look({memory.range(0, 8 * kMiB)});
  CHECK(whole.direct == 5 * kMiB);
  // The kernel may have joined the mapping with its neighbours; parts of it are counted by page.
  const ResidentMemory part = look({memory.range(kMiB, 2 * kMiB), memory.range(4 * kMiB, 7 * kMiB)});
  CHECK(part.direct == 2 * kMiB);
  CHECK(whole.anonymous + 3 * kMiB <= part.anonymous + kMiB / 2);
}

TEST_CASE("what is left out of core dumps and is nobody's range is memprof's", "[memory]") {
  const std::uint64_t before = look({}).memprof;
  const Anonymous memory(4 * kMiB, 3 * kMiB);
  ::madvise(memory.start(), 4 * kMiB, MADV_DONTDUMP);
  CHECK(look({}).memprof == before + 3 * kMiB);
  const ResidentMemory own = look({memory.range(0, 4 * kMiB)});  // the program may do so, too
  CHECK(own.memprof == before);
  CHECK(own.direct == 3 * kMiB);
}

TEST_CASE("stacks are known by an address in them", "[memory]") {
  const std::uint64_t before = look({}).stacks;
  const Anonymous memory(2 * kMiB, kMiB);
  ::mprotect(memory.start() + kMiB, 4096, PROT_NONE);  // so that it has no neighbour above
  const std::uint64_t inside = reinterpret_cast<std::uint64_t>(memory.start()) + kMiB / 2;
  CHECK(look({}, {inside}).stacks >= before + kMiB);
}

TEST_CASE("files that code comes from are named, each once", "[memory]") {
  const ResidentMemory memory = look({});
  int libc = 0;
  for (const std::string& file : memory.code_files) libc += file.find("/libc.so") != std::string::npos ? 1 : 0;
  CHECK(libc == 1);
}

TEST_CASE("a process that is gone has no memory to look at", "[memory]") {
  CHECK_FALSE(read_resident_memory(0x7fff'fff0, {}, {}));
}

std::string hidden_in(const std::string& name) {
  const std::string path = std::string(MEMPROF_TEST_MARKED) + "/" + name;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file);
  const CodeFile code{path, file.get()};
  return name_hidden_allocator({&code, 1});
}

TEST_CASE("allocators and runtimes are recognised by symbols, sections and texts") {
  CHECK(hidden_in("marked_je_malloc.so") == "jemalloc (an allocator that is linked in) is in marked_je_malloc.so");
  CHECK(hidden_in("marked_mi_malloc.so") == "mimalloc (an allocator that is linked in) is in marked_mi_malloc.so");
  CHECK(hidden_in("marked_tc_malloc.so") == "tcmalloc (an allocator that is linked in) is in marked_tc_malloc.so");
  CHECK(hidden_in("marked_JNI_CreateJavaVM.so") ==
        "the Java virtual machine (a runtime with a heap of its own) is in marked_JNI_CreateJavaVM.so");
  CHECK(hidden_in("marked__ZN2v82V8E.so") == "V8 (a runtime with a heap of its own) is in marked__ZN2v82V8E.so");
  CHECK(hidden_in("marked_text.so") == "jemalloc (an allocator that is linked in) is in marked_text.so");
  CHECK(hidden_in("marked_go.so") == "Go's runtime (a runtime with a heap of its own) is in marked_go.so");
  CHECK(hidden_in("marked_rust.so") ==
        "a global allocator of Rust's own choice (an allocator that is linked in) is in marked_rust.so");
  CHECK(hidden_in("marked_nothing.so").empty());
}

TEST_CASE("files are recognised by their names where they cannot be read; seen allocators are not blamed") {
  const std::vector<CodeFile> java{{"/usr/bin/java", -1}, {"/usr/lib/jvm/lib/server/libjvm.so", -1}};
  CHECK(name_hidden_allocator(java) == "the Java virtual machine (a runtime with a heap of its own) is in libjvm.so");
  const std::string path = std::string(MEMPROF_TEST_MARKED) + "/marked_je_malloc.so";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::vector<CodeFile> dynamic{{"/usr/lib/libjemalloc.so.2", file.get()}};
  CHECK(name_hidden_allocator(dynamic).empty());
}

}  // namespace
}  // namespace memprof::collect
