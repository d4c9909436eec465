#pragma once
// The parts of a profile that the reader fills in: objects, tables and the list of strings, all seen alike, so that the
// parser needs to know none of them.

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/field.hpp"

namespace memprof {

class JsonSection {
 public:
  enum class Shape {
    kObject,  ///< key → value
    kTable,   ///< key → array of values
    kColumn,  ///< array of values, no keys: field 0
  };

  JsonSection(std::string_view name, Shape shape) : name_(name), shape_(shape) {}
  virtual ~JsonSection() = default;

  std::string_view name() const { return name_; }
  Shape shape() const { return shape_; }

  virtual std::size_t field_count() const = 0;
  virtual std::string_view field_name(std::size_t field) const = 0;
  virtual std::string_view expected(std::size_t field) const = 0;
  virtual std::size_t list_step(std::size_t field) const = 0;
  virtual std::size_t row_bytes() const = 0;

  /// Rows so far; always 1 for an object.
  virtual std::size_t rows() const = 0;
  virtual void add_row() = 0;
  /// False: not what is expected. `item` counts within a list.
  virtual bool store(std::size_t field, std::size_t row, std::size_t item, const Scalar& scalar) = 0;

  std::optional<std::size_t> find(std::string_view key) const {
    for (std::size_t i = 0; i < field_count(); ++i) {
      if (field_name(i) == key) return i;
    }
    return std::nullopt;
  }

  /// Each field may occur once; the first column of a table decides how many rows it has.
  bool begin_field(std::size_t field) {
    if (seen_.size() < field_count()) seen_.resize(field_count());
    if (seen_[field]) return false;
    growing_ = std::none_of(seen_.begin(), seen_.end(), [](bool seen) { return seen; });
    seen_[field] = true;
    if (growing_) first_field_ = field;
    return true;
  }
  bool growing() const { return growing_; }
  std::size_t first_field() const { return first_field_; }
  /// Name of a field that did not occur, if any.
  std::optional<std::string_view> missing_field() const {
    for (std::size_t i = 0; i < field_count(); ++i) {
      if (i >= seen_.size() || !seen_[i]) return field_name(i);
    }
    return std::nullopt;
  }

 private:
  std::string_view name_;
  Shape shape_;
  std::vector<bool> seen_;
  bool growing_ = false;
  std::size_t first_field_ = 0;
};

/// What objects and tables have in common: a list of fields.
template <typename Row>
class FieldSection : public JsonSection {
 public:
  FieldSection(std::string_view name, Shape shape, std::span<const Field<Row>> fields)
      : JsonSection(name, shape), fields_(fields) {}
  std::size_t field_count() const override { return fields_.size(); }
  std::string_view field_name(std::size_t field) const override { return fields_[field].name; }
  std::string_view expected(std::size_t field) const override { return fields_[field].expected; }
  std::size_t list_step(std::size_t field) const override { return fields_[field].list_step; }
  std::size_t row_bytes() const override { return sizeof(Row); }

 protected:
  std::span<const Field<Row>> fields_;
};

template <typename Row>
class ObjectSection final : public FieldSection<Row> {
 public:
  ObjectSection(std::string_view name, Row& object, std::span<const Field<Row>> fields)
      : FieldSection<Row>(name, JsonSection::Shape::kObject, fields), object_(object) {}
  std::size_t rows() const override { return 1; }
  void add_row() override {}
  bool store(std::size_t field, std::size_t, std::size_t item, const Scalar& scalar) override {
    return this->fields_[field].read(object_, scalar, item);
  }

 private:
  Row& object_;
};

template <typename Row>
class TableSection final : public FieldSection<Row> {
 public:
  TableSection(std::string_view name, std::vector<Row>& rows, std::span<const Field<Row>> fields)
      : FieldSection<Row>(name, JsonSection::Shape::kTable, fields), rows_(rows) {}
  std::size_t rows() const override { return rows_.size(); }
  void add_row() override { rows_.emplace_back(); }
  bool store(std::size_t field, std::size_t row, std::size_t item, const Scalar& scalar) override {
    return this->fields_[field].read(rows_[row], scalar, item);
  }

 private:
  std::vector<Row>& rows_;
};

class StringsSection final : public JsonSection {
 public:
  StringsSection(std::string_view name, std::vector<std::string>& strings)
      : JsonSection(name, Shape::kColumn), strings_(strings) {}
  std::size_t field_count() const override { return 1; }
  std::string_view field_name(std::size_t) const override { return {}; }
  std::string_view expected(std::size_t) const override { return Codec<std::string>::kExpected; }
  std::size_t list_step(std::size_t) const override { return 0; }
  std::size_t row_bytes() const override { return sizeof(std::string); }
  std::size_t rows() const override { return strings_.size(); }
  void add_row() override { strings_.emplace_back(); }
  bool store(std::size_t, std::size_t row, std::size_t, const Scalar& scalar) override {
    return Codec<std::string>::read(strings_[row], scalar);
  }

 private:
  std::vector<std::string>& strings_;
};

}  // namespace memprof
