#include "profile/json_events.hpp"

#include <algorithm>
#include <utility>

#include "profile/profile_file.hpp"

namespace memprof {
namespace {

constexpr std::size_t kDepthLimit = 64;  // a profile has 4 levels; the rest is room for keys of later versions
constexpr std::size_t kShownTextLimit = 40;

/// Text of a foreign file may hold anything; only what is short and harmless is repeated on a terminal.
bool can_be_shown(std::string_view text) {
  return text.size() <= kShownTextLimit &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
}

std::string described(const Scalar& scalar) {
  switch (scalar.kind) {
    case Scalar::Kind::kNull:
      return "null";
    case Scalar::Kind::kBoolean:
      return scalar.bits != 0 ? "true" : "false";
    case Scalar::Kind::kUnsigned:
      return std::to_string(scalar.bits);
    case Scalar::Kind::kNegative:
      return std::to_string(static_cast<std::int64_t>(scalar.bits));
    case Scalar::Kind::kReal:
      return "a fraction";
    case Scalar::Kind::kString:
      break;
  }
  return can_be_shown(*scalar.text) ? "\"" + *scalar.text + "\"" : "a string";
}

}  // namespace

ProfileEvents::ProfileEvents(Profile& profile, std::uint64_t memory_limit)
    : profile_(profile), memory_left_(memory_limit) {
  profile.strings.clear();
  profile.stacks.clear();
  sections_.push_back(std::make_unique<ObjectSection<FormatVersion>>("version", version_, kVersionFields));
  for_each_object(profile, [&]<typename Row>(std::string_view key, Row& object, const auto& fields) {
    sections_.push_back(std::make_unique<ObjectSection<Row>>(key, object, fields));
  });
  sections_.push_back(std::make_unique<StringsSection>("strings", profile.strings));
  for_each_table(profile, [&]<typename Row>(std::string_view key, std::vector<Row>& rows, const auto& fields) {
    sections_.push_back(std::make_unique<TableSection<Row>>(key, rows, fields));
  });
}

bool ProfileEvents::null() { return scalar({}); }

bool ProfileEvents::boolean(bool value) { return scalar({Scalar::Kind::kBoolean, value ? 1u : 0u, 0, nullptr}); }

bool ProfileEvents::number_integer(std::int64_t value) {
  return scalar({Scalar::Kind::kNegative, static_cast<std::uint64_t>(value), 0, nullptr});
}

bool ProfileEvents::number_unsigned(std::uint64_t value) {
  return scalar({Scalar::Kind::kUnsigned, value, 0, nullptr});
}

bool ProfileEvents::number_float(double value, const std::string&) {
  return scalar({Scalar::Kind::kReal, 0, value, nullptr});
}

bool ProfileEvents::string(std::string& text) { return scalar({Scalar::Kind::kString, 0, 0, &text}); }

// JSON text has no binary values; the parser's interface wants the function.
bool ProfileEvents::binary(std::vector<std::uint8_t>&) { return false; }

bool ProfileEvents::start_object(std::size_t) { return open(true); }

bool ProfileEvents::start_array(std::size_t) { return open(false); }

bool ProfileEvents::end_object() { return close(); }

bool ProfileEvents::end_array() { return close(); }

bool ProfileEvents::key(std::string& name) {
  if (skip_to_ != kNotSkipping) return true;
  if (state_ == State::kRoot) {
    root_key_ = std::move(name);
    return true;
  }
  field_ = section_->find(name).value_or(kNoField);
  if (field_ == kNoField || section_->begin_field(field_)) return true;
  return problem(field_place() + " appears twice");
}

bool ProfileEvents::parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
  constexpr int kNumberOverflow = 406;
  syntax_error_at_ = std::max<std::size_t>(position, 1);
  number_too_large_ = error.id == kNumberOverflow;
  return false;
}

bool ProfileEvents::scalar(const Scalar& scalar) {
  if (skip_to_ != kNotSkipping) return true;
  switch (state_) {
    case State::kStart:
      return refuse(Refusal::Kind::kForeign, "it holds nothing but " + described(scalar));
    case State::kRoot:
      return root_scalar(scalar);
    case State::kObject:
      if (field_ == kNoField) return true;
      if (section_->shape() == JsonSection::Shape::kTable || section_->list_step(field_) > 0) {
        return problem(field_place() + ": expected an array, found " + described(scalar));
      }
      return store(scalar);
    case State::kColumn:
      if (!need_row()) return !final_refusal_;
      if (section_->list_step(field_) > 0) return unexpected(described(scalar));
      if (!store(scalar)) return false;
      ++row_;
      return true;
    case State::kList: {
      constexpr std::uint64_t kItemBytes = 16;
      if (!spend(kItemBytes) || !store(scalar)) return false;
      ++item_;
      return true;
    }
  }
  return false;
}

bool ProfileEvents::root_scalar(const Scalar& scalar) {
  if (root_key_ == "format") {
    format_seen_ = true;
    if (scalar.kind == Scalar::Kind::kString && *scalar.text == kFormatName) return true;
    return refuse(Refusal::Kind::kForeign, "its format is " + described(scalar));
  }
  if (root_key_ == "generator") {
    generator_seen_ = true;
    return Codec<std::string>::read(profile_.generator, scalar) || problem("generator: expected a string");
  }
  for (const auto& section : sections_) {
    if (section->name() != root_key_) continue;
    const std::string_view wanted = section->shape() == JsonSection::Shape::kColumn ? "an array" : "an object";
    return problem(root_key_ + ": expected " + std::string(wanted) + ", found " + described(scalar));
  }
  return true;
}

bool ProfileEvents::store(const Scalar& scalar) {
  if (scalar.kind == Scalar::Kind::kString && !spend(scalar.text->size())) return false;
  return section_->store(field_, row_, item_, scalar) || unexpected(described(scalar));
}

bool ProfileEvents::open(bool is_object) {
  if (++depth_ > kDepthLimit) {
    return refuse(Refusal::Kind::kMalformed, "is nested more than " + std::to_string(kDepthLimit) + " levels deep");
  }
  if (skip_to_ != kNotSkipping) return true;
  const std::string_view found = is_object ? "an object" : "an array";
  switch (state_) {
    case State::kStart:
      if (!is_object) return refuse(Refusal::Kind::kForeign, "its outermost value is an array");
      state_ = State::kRoot;
      return true;
    case State::kRoot:
      return open_section(is_object);
    case State::kObject:
      if (field_ == kNoField) return skip();
      if (!is_object && section_->shape() == JsonSection::Shape::kTable) return open_column();
      if (!is_object && section_->list_step(field_) > 0) return open_list(State::kObject);
      if (section_->shape() != JsonSection::Shape::kTable) return unexpected(found);
      return problem(field_place() + ": expected an array, found an object");
    case State::kColumn:
      if (!need_row()) return !final_refusal_;
      if (is_object || section_->list_step(field_) == 0) return unexpected(found);
      return open_list(State::kColumn);
    case State::kList:
      return unexpected(found);
  }
  return false;
}

bool ProfileEvents::open_section(bool is_object) {
  const auto known = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const auto& section) { return section->name() == root_key_; });
  if (known == sections_.end()) {
    if (root_key_ == "format") return refuse(Refusal::Kind::kForeign, "its format is an array or object");
    return root_key_ == "generator" ? problem("generator: expected a string") : skip();
  }
  if (problem_ && known != sections_.begin()) return skip();
  section_ = known->get();
  field_ = kNoField;
  row_ = item_ = 0;
  const bool is_column = section_->shape() == JsonSection::Shape::kColumn;
  if (is_object == is_column) {
    return problem(root_key_ +
                   (is_column ? ": expected an array, found an object" : ": expected an object, found an array"));
  }
  if (!is_column) {
    state_ = State::kObject;
    return true;
  }
  field_ = 0;
  if (!section_->begin_field(field_)) return problem(root_key_ + " appears twice");
  return open_column();
}

bool ProfileEvents::open_column() {
  row_ = item_ = 0;
  state_ = State::kColumn;
  return true;
}

bool ProfileEvents::open_list(State outer) {
  item_ = 0;
  list_within_ = outer;
  state_ = State::kList;
  return true;
}

bool ProfileEvents::close() {
  --depth_;
  if (skip_to_ != kNotSkipping) {
    if (depth_ == skip_to_) skip_to_ = kNotSkipping;
    return true;
  }
  switch (state_) {
    case State::kList:
      return close_list();
    case State::kColumn:
      return close_column();
    case State::kObject:
      return close_section();
    default:
      return true;
  }
}

bool ProfileEvents::close_list() {
  if (item_ % section_->list_step(field_) != 0) return unexpected("an array that ends too early");
  state_ = list_within_;
  item_ = 0;
  if (state_ == State::kColumn) ++row_;
  return true;
}

bool ProfileEvents::close_column() {
  if (row_ != section_->rows()) {
    return problem(field_place() + " has " + std::to_string(row_) + " values, but " + std::string(section_->name()) +
                   "." + std::string(section_->field_name(section_->first_field())) + " has " +
                   std::to_string(section_->rows()));
  }
  state_ = section_->shape() == JsonSection::Shape::kColumn ? State::kRoot : State::kObject;
  field_ = kNoField;
  row_ = 0;
  return true;
}

bool ProfileEvents::close_section() {
  state_ = State::kRoot;
  if (section_ != sections_.front().get()) return true;
  const auto major = static_cast<std::uint32_t>(kFormatMajor);
  const std::string number = std::to_string(version_.major) + "." + std::to_string(version_.minor);
  if (version_.major > major) {
    return refuse(Refusal::Kind::kNewer, "was written by a newer memprof (format " + number + "); this one reads " +
                                             std::to_string(kFormatMajor) + ".x");
  }
  return version_.major == major || problem("version.major: expected " + std::to_string(kFormatMajor) + ", found 0");
}

bool ProfileEvents::need_row() {
  if (row_ < section_->rows()) return true;
  if (!section_->growing()) {
    problem(field_place() + " has more values than " + std::string(section_->name()) + "." +
            std::string(section_->field_name(section_->first_field())) + ", which has " +
            std::to_string(section_->rows()));
    return false;
  }
  section_->add_row();
  return spend(section_->row_bytes());
}

bool ProfileEvents::spend(std::uint64_t bytes) {
  if (bytes > memory_left_) {
    return refuse(Refusal::Kind::kMalformed, "would take more memory than any profile needs, at " + place());
  }
  memory_left_ -= bytes;
  return true;
}

/// Ignores the array or object that was just opened.
bool ProfileEvents::skip() {
  skip_to_ = depth_ - 1;
  return true;
}

bool ProfileEvents::unexpected(std::string_view found) {
  return problem(place() + ": expected " + std::string(section_->expected(field_)) + ", found " + std::string(found));
}

bool ProfileEvents::problem(std::string what) {
  if (!problem_) problem_ = std::move(what);
  state_ = State::kRoot;
  if (depth_ > 1) skip_to_ = 1;
  return true;
}

bool ProfileEvents::refuse(Refusal::Kind kind, std::string what) {
  final_refusal_ = Refusal{kind, std::move(what)};
  return false;
}

std::string ProfileEvents::field_place() const {
  std::string place(section_->name());
  if (section_->shape() != JsonSection::Shape::kColumn) place.append(1, '.').append(section_->field_name(field_));
  return place;
}

std::string ProfileEvents::place() const {
  std::string place = field_place();
  const auto append_position = [&](std::size_t position) {
    place.append(1, '[').append(std::to_string(position)).append(1, ']');
  };
  if (section_->shape() != JsonSection::Shape::kObject) append_position(row_);
  if (state_ == State::kList) append_position(item_);
  return place;
}

std::optional<std::string> ProfileEvents::missing() const {
  if (!generator_seen_) return "generator is missing";
  for (const auto& section : sections_) {
    const auto field = section->missing_field();
    if (!field) continue;
    return std::string(section->name()) + (field->empty() ? "" : ".") + std::string(*field) + " is missing";
  }
  return std::nullopt;
}

std::optional<Refusal> ProfileEvents::refusal(bool input_ended) const {
  if (final_refusal_) return final_refusal_;
  if (syntax_error_at_ > 0 && (!problem_ || !format_seen_)) {
    const std::string byte = std::to_string(syntax_error_at_);
    if (!format_seen_) return Refusal{Refusal::Kind::kForeign, "it is not JSON (byte " + byte + ")"};
    if (number_too_large_) return Refusal{Refusal::Kind::kMalformed, "has a number that is too large at byte " + byte};
    return Refusal{Refusal::Kind::kMalformed,
                   input_ended ? "is cut off: it ends at byte " + byte : "is not valid JSON at byte " + byte};
  }
  if (!format_seen_) return Refusal{Refusal::Kind::kForeign, "it is JSON of something else (it has no \"format\")"};
  if (problem_) return Refusal{Refusal::Kind::kMalformed, *problem_};
  if (const auto absent = missing()) return Refusal{Refusal::Kind::kMalformed, *absent};
  return std::nullopt;
}

}  // namespace memprof
