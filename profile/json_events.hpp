#pragma once
// Receives the events of nlohmann's SAX parser and fills in a Profile: no tree of JSON values ever exists, and nesting
// costs no stack. What it does not know it skips; the first thing that is wrong it remembers, and then it only looks
// for the version, because "written by a newer memprof" explains more than "sites.foo is missing".

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "profile/json_section.hpp"
#include "profile/profile.hpp"
#include "profile/profile_fields.hpp"

namespace memprof {

/// Why a file is refused, as the rest of a sentence that begins with its name.
struct Refusal {
  enum class Kind {
    kForeign,   ///< not a profile at all
    kNewer,     ///< of a later format
    kMalformed  ///< a profile, but broken
  };
  Kind kind;
  std::string what;
};

class ProfileEvents {
 public:
  /// Refuses what would take more than `memory_limit` bytes of tables, strings and lists.
  ProfileEvents(Profile& profile, std::uint64_t memory_limit);
  ProfileEvents(const ProfileEvents&) = delete;
  ProfileEvents& operator=(const ProfileEvents&) = delete;

  // The interface that nlohmann's parser wants; false stops it.
  bool null();
  bool boolean(bool value);
  bool number_integer(std::int64_t value);
  bool number_unsigned(std::uint64_t value);
  bool number_float(double value, const std::string& text);
  bool string(std::string& text);
  bool binary(std::vector<std::uint8_t>& bytes);
  bool start_object(std::size_t);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception& error);

  /// After parsing: nothing, or why the profile is refused. `input_ended`: the parser asked for more than there was.
  std::optional<Refusal> refusal(bool input_ended) const;

 private:
  enum class State : std::uint8_t {
    kStart,   // nothing seen yet
    kRoot,    // among the keys of the outermost object
    kObject,  // among the keys of a section
    kColumn,  // among the values of a column
    kList,    // among the items of a list, in an object or a column
  };

  bool scalar(const Scalar& scalar);
  bool root_scalar(const Scalar& scalar);
  bool store(const Scalar& scalar);
  bool open(bool is_object);
  bool open_section(bool is_object);
  bool open_column();
  bool open_list(State outer);
  bool close();
  bool close_list();
  bool close_column();
  bool close_section();
  bool need_row();
  bool spend(std::uint64_t bytes);
  bool skip();
  bool unexpected(std::string_view found);
  bool problem(std::string what);
  bool refuse(Refusal::Kind kind, std::string what);
  std::string field_place() const;
  std::string place() const;
  std::optional<std::string> missing() const;

  static constexpr std::size_t kNoField = static_cast<std::size_t>(-1);
  static constexpr std::size_t kNotSkipping = static_cast<std::size_t>(-1);

  Profile& profile_;
  std::uint64_t memory_left_;
  FormatVersion version_;
  bool format_seen_ = false;
  bool generator_seen_ = false;
  std::vector<std::unique_ptr<JsonSection>> sections_;  // the first one is `version`

  State state_ = State::kStart;
  State list_within_ = State::kObject;
  std::size_t depth_ = 0;
  std::size_t skip_to_ = kNotSkipping;  // until this depth is reached again nothing counts
  std::string root_key_;
  JsonSection* section_ = nullptr;
  std::size_t field_ = kNoField;
  std::size_t row_ = 0;
  std::size_t item_ = 0;

  std::optional<std::string> problem_;    // the first thing wrong in JSON that is readable as such
  std::optional<Refusal> final_refusal_;  // ended the parsing
  std::size_t syntax_error_at_ = 0;       // byte, counted from 1; 0: none
  bool number_too_large_ = false;
};

}  // namespace memprof
