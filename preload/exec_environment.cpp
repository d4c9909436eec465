#include "preload/exec_environment.hpp"

#include <array>
#include <cstring>

#include "preload/session.hpp"
#include "wire/handshake.hpp"

namespace memprof::preload {
namespace {

constexpr char kPreload[] = "LD_PRELOAD";

struct Setting {
  const char* name;
  const char* value;  ///< null: not set
};

std::array<Setting, 3> settings() {
  return {{{wire::kSocketVariable, g_session.socket},
           {wire::kOnlyVariable, g_session.only[0] != '\0' ? g_session.only : nullptr},
           {wire::kFollowVariable, g_session.follow ? nullptr : "0"}}};
}

/// The value, if `entry` sets `name`.
const char* value_of(const char* entry, const char* name) {
  const std::size_t length = std::strlen(name);
  return std::strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1 : nullptr;
}

bool equal(const char* a, const char* b) {
  const std::size_t length = std::strlen(a);
  return length == std::strlen(b) && std::memcmp(a, b, length) == 0;
}

/// Calls visit(start, length) for each library of the list, which the loader splits at spaces and colons.
template <typename Visit>
void for_each_library(const char* list, Visit&& visit) {
  while (*list != '\0') {
    std::size_t length = 0;
    while (list[length] != '\0' && list[length] != ':' && list[length] != ' ') ++length;
    if (length > 0) visit(list, length);
    list += length;
    if (*list != '\0') ++list;
  }
}

bool is_ours(const char* library, std::size_t length) {
  return length == std::strlen(g_session.library) && std::memcmp(library, g_session.library, length) == 0;
}

bool names_ours(const char* list) {
  bool found = false;
  for_each_library(list, [&](const char* library, std::size_t length) { found |= is_ours(library, length); });
  return found;
}

char* append(char* at, const char* text, std::size_t length) {
  std::memcpy(at, text, length);
  return at + length;
}
char* append(char* at, const char* text) { return append(at, text, std::strlen(text)); }

bool is_memprofs(const char* entry) {
  for (const Setting& setting : settings()) {
    if (value_of(entry, setting.name) != nullptr) return true;
  }
  return false;
}

}  // namespace

ExecEnvironment::ExecEnvironment(char* const* given, Variables variables) : given_(given), variables_(variables) {
  if (g_session.library[0] == '\0' || g_session.socket[0] == '\0') return;
  const std::array<Setting, 3> wanted = settings();
  std::size_t found = 0, right = 0;  // of memprof's variables
  for (; given != nullptr && given[count_] != nullptr; ++count_) {
    if (const char* const list = value_of(given[count_], kPreload)) preload_ = list;
    for (const Setting& setting : wanted) {
      const char* const value = value_of(given[count_], setting.name);
      if (value == nullptr) continue;
      ++found;
      if (setting.value != nullptr && equal(value, setting.value)) ++right;
    }
  }
  const bool ours = preload_ != nullptr && names_ours(preload_);
  std::size_t set = 0, text = 0;
  for (const Setting& setting : wanted) {
    if (setting.value == nullptr) continue;
    ++set;
    text += std::strlen(setting.name) + 1 + std::strlen(setting.value) + 1;
  }
  if (variables == Variables::kKeep && ours && found == set && right == set) return;
  if (variables == Variables::kRemove && !ours && found == 0) return;
  const std::size_t preload_text =
      sizeof(kPreload) + std::strlen(g_session.library) + 1 + (preload_ != nullptr ? std::strlen(preload_) : 0) + 1;
  bytes_ = (count_ + wanted.size() + 2) * sizeof(char*) + text + preload_text;
}

char* const* ExecEnvironment::write(void* memory) const {
  if (bytes_ == 0 || memory == nullptr) return given_;
  const std::array<Setting, 3> wanted = settings();
  char** const entries = static_cast<char**>(memory);
  char* text = reinterpret_cast<char*>(entries + count_ + wanted.size() + 2);
  std::size_t used = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (value_of(given_[i], kPreload) == nullptr && !is_memprofs(given_[i])) entries[used++] = given_[i];
  }
  const bool keep = variables_ == Variables::kKeep;
  // What was there stays in its order; memprof's library stays where it is, or comes first.
  entries[used] = text;
  text = append(text, kPreload);
  *text++ = '=';
  char* const list = text;
  if (keep && (preload_ == nullptr || !names_ours(preload_))) text = append(text, g_session.library);
  if (preload_ != nullptr) {
    for_each_library(preload_, [&](const char* library, std::size_t length) {
      if (!keep && is_ours(library, length)) return;
      if (text != list) *text++ = ':';
      text = append(text, library, length);
    });
  }
  *text++ = '\0';
  if (text - list > 1) ++used;
  for (const Setting& setting : wanted) {
    if (!keep || setting.value == nullptr) continue;
    entries[used++] = text;
    text = append(text, setting.name);
    *text++ = '=';
    text = append(text, setting.value);
    *text++ = '\0';
  }
  entries[used] = nullptr;
  return entries;
}

}  // namespace memprof::preload
