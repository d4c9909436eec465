#include "profile/json_reader.hpp"

#include <iterator>
#include <new>
#include <optional>
#include <string_view>

#include "profile/index_check.hpp"
#include "profile/json_events.hpp"

namespace memprof {
namespace {

/// The pieces of a source as one run of characters.
class Characters {
 public:
  explicit Characters(ByteSource& source) : source_(source) {}

  char current() const { return *position_; }
  void advance() { ++position_; }
  bool at_end() { return position_ == end_ && !refill(); }
  bool ended() const { return ended_; }

 private:
  bool refill() {
    if (ended_) return false;
    const std::string_view piece = source_.next();
    position_ = piece.data();
    end_ = piece.data() + piece.size();
    ended_ = piece.empty();
    return !ended_;
  }

  ByteSource& source_;
  const char* position_ = nullptr;
  const char* end_ = nullptr;
  bool ended_ = false;
};

/// What nlohmann's parser takes: a pair of iterators. One without characters is the end.
class CharacterIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CharacterIterator() = default;
  explicit CharacterIterator(Characters& characters) : characters_(&characters) {}
  char operator*() const { return characters_->current(); }
  CharacterIterator& operator++() {
    characters_->advance();
    return *this;
  }
  void operator++(int) { characters_->advance(); }
  /// Only ever asked whether the end is reached.
  friend bool operator==(const CharacterIterator& it, const CharacterIterator&) { return it.characters_->at_end(); }
  friend bool operator!=(const CharacterIterator& it, const CharacterIterator& end) { return !(it == end); }

 private:
  Characters* characters_ = nullptr;
};

constexpr const char* kDamagedHint = "the file is damaged, or something other than memprof wrote it; record it again";

Error error_for(const Refusal& refusal, const std::string& name) {
  switch (refusal.kind) {
    case Refusal::Kind::kForeign:
      return {name + " is not a memprof profile: " + refusal.what, "`memprof run PROGRAM` writes one"};
    case Refusal::Kind::kNewer:
      return {name + " " + refusal.what, "upgrade memprof to read it"};
    case Refusal::Kind::kMalformed:
      break;
  }
  return {name + ": " + refusal.what, kDamagedHint};
}

Result<Profile> parse(ByteSource& source, const std::string& name, std::uint64_t memory_limit) {
  Profile profile;
  ProfileEvents events(profile, memory_limit);
  Characters characters(source);
  if (source.problem().empty() && characters.at_end() && source.problem().empty()) {
    return failure(name + " is empty", "`memprof run PROGRAM` writes a profile");
  }
  nlohmann::json::sax_parse(CharacterIterator(characters), CharacterIterator(), &events);
  if (!source.problem().empty()) return failure(name + " " + source.problem());
  if (const auto refusal = events.refusal(characters.ended())) {
    return tl::unexpected<Error>(error_for(*refusal, name));
  }
  if (const std::string broken = broken_promise(profile); !broken.empty()) {
    return failure(name + ": " + broken, kDamagedHint);
  }
  return profile;
}

}  // namespace

Result<Profile> read_profile_json(ByteSource& source, const std::string& name, std::uint64_t memory_limit) {
  try {
    return parse(source, name, memory_limit);
  } catch (const std::bad_alloc&) {
    return failure(name + " does not fit into memory", "read it on a machine with more");
  }
}

}  // namespace memprof
