#include "collect/symbol_debuginfod.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace memprof::collect {

/// libdebuginfod.so.1, whose header is in a package that nothing else here needs.
struct Debuginfod::Client {
  using Handle = void;
  void* library = nullptr;
  Handle* handle = nullptr;
  void (*end)(Handle*) = nullptr;
  int (*find_debuginfo)(Handle*, const unsigned char* build_id, int id_bytes, char** path) = nullptr;
  std::string wanted;  ///< build id of the download under way

  ~Client() {
    if (handle != nullptr) end(handle);
    if (library != nullptr) dlclose(library);
  }
};

namespace {

template <typename Function>
bool load(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

// The library's progress callback comes on the thread that asks.
thread_local Debuginfod* Debuginfod::asking = nullptr;

Debuginfod::Debuginfod(Progress progress) : progress_(std::move(progress)) { connect(); }

Debuginfod::~Debuginfod() = default;

void Debuginfod::connect() {
  const char* urls = std::getenv("DEBUGINFOD_URLS");
  if (urls == nullptr || *urls == '\0') {
    problem_ =
        "debuginfod was not asked: DEBUGINFOD_URLS names no server; try "
        "DEBUGINFOD_URLS=https://debuginfod.debian.net";
    return;
  }
  auto client = std::make_unique<Client>();
  client->library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
  if (client->library == nullptr) {
    problem_ = "debuginfod was not asked: libdebuginfod.so.1 is missing; apt-get install libdebuginfod1";
    return;
  }
  void* (*begin)() = nullptr;
  void (*set_progress)(void*, int (*)(void*, long, long)) = nullptr;
  const bool complete = load(client->library, "debuginfod_begin", begin) &&
                        load(client->library, "debuginfod_end", client->end) &&
                        load(client->library, "debuginfod_find_debuginfo", client->find_debuginfo) &&
                        load(client->library, "debuginfod_set_progressfn", set_progress);
  if (!complete || (client->handle = begin()) == nullptr) {
    problem_ = "debuginfod was not asked: libdebuginfod.so.1 could not be set up";
    return;
  }
  client_ = std::move(client);
  set_progress(client_->handle, [](void*, long done, long all) {
    constexpr long kMiB = 1024 * 1024;
    std::string text = "debuginfod: " + asking->client_->wanted.substr(0, 12);
    if (all > 0) text += " " + std::to_string(done / kMiB) + " of " + std::to_string(all / kMiB) + " MiB";
    if (asking->progress_) asking->progress_(text);
    return 0;
  });
}

ElfFile Debuginfod::debug_file(const std::string& build_id) {
  const std::lock_guard lock(mutex_);
  if (!client_) return {};
  client_->wanted = build_id;
  asking = this;
  // Length 0 says that the id is hex text.
  UniqueFd file(
      client_->find_debuginfo(client_->handle, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, nullptr));
  ElfFile elf = ElfFile::open(std::move(file));
  return elf && elf.build_id() == build_id ? std::move(elf) : ElfFile();
}

}  // namespace memprof::collect
