#pragma once
// Recognises allocators and runtimes that take memory past malloc, by what their code says of itself.

#include <span>
#include <string>

namespace memprof::collect {

/// A file that a process runs code of.
struct CodeFile {
  std::string path;
  int descriptor = -1;  ///< open for reading, a regular file; -1: only its name is known
};

/// "V8, a runtime with a heap of its own, is in node", for the first of the files with a known mark; empty: none has.
/// Reads symbol tables and read-only data, at most 64 MiB of a file.
[[nodiscard]] std::string name_hidden_allocator(std::span<const CodeFile> files);

}  // namespace memprof::collect
