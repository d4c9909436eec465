#pragma once
// Debug files from debuginfod servers. The client library is loaded only when the user asked for it.

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "collect/symbol_elf.hpp"

namespace memprof::collect {

/// Any thread; one download at a time.
class Debuginfod {
 public:
  /// Told while a download is under way, with a text such as "debuginfod: libfoo 12 of 40 MiB".
  using Progress = std::function<void(const std::string& what)>;

  explicit Debuginfod(Progress progress);
  ~Debuginfod();
  Debuginfod(const Debuginfod&) = delete;
  Debuginfod& operator=(const Debuginfod&) = delete;

  /// The file with the DWARF of this build; false: no server has it.
  ElfFile debug_file(const std::string& build_id);
  /// Why servers could not be asked; empty: they could.
  const std::string& problem() const { return problem_; }

 private:
  struct Client;
  void connect();

  static thread_local Debuginfod* asking;
  Progress progress_;
  std::mutex mutex_;
  std::unique_ptr<Client> client_;
  std::string problem_;
};

}  // namespace memprof::collect
