#pragma once
// The smallest collector that a target can talk to: serves the handshake with a region and lets the test read it.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "wire/handshake.hpp"
#include "wire/region.hpp"

namespace memprof::preload::test {

class TestCollector {
 public:
  explicit TestCollector(const wire::Capacity& capacity, std::uint32_t max_depth = 64) {
    char directory[] = "/tmp/memprof-test-XXXXXX";
    if (::mkdtemp(directory) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = directory;
    path_ = directory_ + "/socket";
    make_region(capacity, max_depth);
    listener_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || ::listen(listener_, 8) != 0) {
      throw std::runtime_error("listen");
    }
    ::setenv(wire::kSocketVariable, path_.c_str(), 1);
    server_ = std::thread([this] { serve_one(); });
  }

  ~TestCollector() {
    ::shutdown(listener_, SHUT_RDWR);
    server_.join();
    ::close(listener_);
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
    ::munmap(header_, bytes_);
    ::close(memory_);
  }
  TestCollector(const TestCollector&) = delete;
  TestCollector& operator=(const TestCollector&) = delete;

  wire::Header& header() { return *header_; }
  wire::RingHeader& ring(std::uint32_t index) {
    return reinterpret_cast<wire::RingHeader*>(base() + header_->rings_offset)[index];
  }
  wire::Record record(std::uint32_t ring_index, std::uint64_t position) {
    return reinterpret_cast<wire::Record*>(
        base() +
        header_->records_offset)[std::uint64_t{ring_index} * header_->ring_records + position % header_->ring_records];
  }
  wire::StackNode& node(wire::StackId id) {
    return reinterpret_cast<wire::StackNode*>(base() + header_->nodes_offset)[id];
  }
  wire::ModuleRecord& module(std::uint16_t index) {
    return reinterpret_cast<wire::ModuleRecord*>(base() + header_->modules_offset)[index];
  }
  std::string module_path(std::uint16_t index) {
    return {base() + header_->paths_offset + module(index).path_offset, module(index).path_bytes};
  }
  /// Frees everything in the ring that was published.
  void drain(std::uint32_t index) {
    ring(index).tail.store(ring(index).head.load());
    ring(index).drained.fetch_add(1);
  }
  wire::Hello hello{};

 private:
  char* base() { return reinterpret_cast<char*>(header_); }

  void make_region(const wire::Capacity& capacity, std::uint32_t max_depth) {
    wire::Header layout{};
    wire::lay_out(layout, capacity);
    bytes_ = layout.region_bytes;
    memory_ = ::memfd_create("memprof-test", MFD_CLOEXEC);
    if (::ftruncate(memory_, static_cast<off_t>(bytes_)) != 0) throw std::runtime_error("ftruncate");
    void* const mapped = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap");
    header_ = static_cast<wire::Header*>(mapped);
    wire::lay_out(*header_, capacity);
    header_->magic = wire::kRegionMagic;
    header_->wire_version = wire::kWireVersion;
    header_->clock_source = wire::ClockSource::kMonotonic;
    header_->max_depth = max_depth;
    header_->collector_lock_word.store(1);
  }

  void serve_one() {
    const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    if (::recv(peer, &hello, sizeof(hello), 0) == sizeof(hello)) {
      wire::Welcome welcome{wire::kWelcomeMagic, wire::kWireVersion, wire::Verdict::kRecord, 0, bytes_};
      alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
      iovec data{&welcome, sizeof(welcome)};
      msghdr message{};
      message.msg_iov = &data;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &memory_, sizeof(int));
      ::sendmsg(peer, &message, MSG_NOSIGNAL);
    }
    ::close(peer);
    ::shutdown(listener_, SHUT_RDWR);  // whoever comes next is refused
  }

  std::string directory_, path_;
  wire::Header* header_ = nullptr;
  std::uint64_t bytes_ = 0;
  int memory_ = -1;
  int listener_ = -1;
  std::thread server_;
};

}  // namespace memprof::preload::test
