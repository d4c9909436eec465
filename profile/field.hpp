#pragma once
// One member of a struct as it stands in a profile file: its key, how it is written, how it is read, and which table it
// points into. profile_fields.hpp lists them once; the writer, the reader, the index check and the schema test all go
// by that list.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/byte_text.hpp"
#include "profile/json_text.hpp"
#include "profile/profile.hpp"

namespace memprof {

/// A JSON value that is neither an array nor an object.
struct Scalar {
  enum class Kind : std::uint8_t { kNull, kBoolean, kUnsigned, kNegative, kReal, kString };
  Kind kind = Kind::kNull;
  std::uint64_t bits = 0;       ///< kBoolean; kUnsigned; kNegative: the bits of an int64_t
  double real = 0;              ///< kReal
  std::string* text = nullptr;  ///< kString; may be moved from
};

/// The table that a number is a row of.
enum class Reference : std::uint8_t {
  kNone,
  kStrings,
  kModules,
  kFrames,
  kStacks,
  kTypes,
  kSites,
  kThreads,
  kTicks,
  kScopes
};

template <typename Row>
struct Field {
  std::string_view name;
  std::string_view expected;  ///< what stands there, for an error message: "true or false"
  Reference reference;
  bool optional_index;  ///< kNoIndex is allowed
  /// 0: the value is a scalar. Else it is an array whose length is a multiple of this; `read` takes each of its items.
  std::size_t list_step;
  /// The values of these rows, with commas between.
  void (*write)(std::span<const Row>, JsonText&);
  /// False: not what is expected. `item` is the position in a list.
  bool (*read)(Row&, const Scalar&, std::size_t item);
  /// The number to check when there is a reference.
  std::uint32_t (*index)(const Row&);
};

/// How a C++ type stands in JSON.
template <typename T>
struct Codec;

template <typename T>
constexpr std::string_view integer_range() {
  if constexpr (std::same_as<T, std::uint64_t>) return "an integer from 0 to 18446744073709551615";
  if constexpr (std::same_as<T, std::uint32_t>) return "an integer from 0 to 4294967295";
  if constexpr (std::same_as<T, std::int64_t>) return "an integer of 64 bits";
  if constexpr (std::same_as<T, std::int32_t>) return "an integer of 32 bits";
}

template <std::integral T>
struct Codec<T> {
  static constexpr std::string_view kExpected = integer_range<T>();
  static void write(T value, JsonText& out) { out.number(value); }
  static bool read(T& value, const Scalar& scalar) {
    if (scalar.kind == Scalar::Kind::kUnsigned) {
      if (scalar.bits > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) return false;
      value = static_cast<T>(scalar.bits);
      return true;
    }
    if constexpr (std::signed_integral<T>) {
      const auto negative = static_cast<std::int64_t>(scalar.bits);
      if (scalar.kind != Scalar::Kind::kNegative || negative < std::numeric_limits<T>::min()) return false;
      value = static_cast<T>(negative);
      return true;
    }
    return false;
  }
};

template <>
struct Codec<bool> {
  static constexpr std::string_view kExpected = "true or false";
  static void write(bool value, JsonText& out) { out.boolean(value); }
  static bool read(bool& value, const Scalar& scalar) {
    value = scalar.bits != 0;
    return scalar.kind == Scalar::Kind::kBoolean;
  }
};

template <>
struct Codec<double> {
  static constexpr std::string_view kExpected = "a number";
  static void write(double value, JsonText& out) { out.number(value); }
  static bool read(double& value, const Scalar& scalar) {
    switch (scalar.kind) {
      case Scalar::Kind::kReal:
        value = scalar.real;
        return true;
      case Scalar::Kind::kUnsigned:
        value = static_cast<double>(scalar.bits);
        return true;
      case Scalar::Kind::kNegative:
        value = static_cast<double>(static_cast<std::int64_t>(scalar.bits));
        return true;
      default:
        return false;
    }
  }
};

template <>
struct Codec<std::string> {
  static constexpr std::string_view kExpected = "a string";
  static void write(const std::string& value, JsonText& out) { out.string(value); }
  static bool read(std::string& value, const Scalar& scalar) {
    if (scalar.kind != Scalar::Kind::kString) return false;
    value = std::move(*scalar.text);
    utf8_to_bytes(value);
    return true;
  }
};

/// An enumeration stands in the file by the name of its value; Named::kNames has them in order.
template <typename Enumeration, typename Named>
struct EnumerationCodec {
  static void write(Enumeration value, JsonText& out) { out.string(Named::kNames.at(static_cast<std::size_t>(value))); }
  static bool read(Enumeration& value, const Scalar& scalar) {
    if (scalar.kind != Scalar::Kind::kString) return false;
    for (std::size_t i = 0; i < Named::kNames.size(); ++i) {
      if (Named::kNames[i] != *scalar.text) continue;
      value = static_cast<Enumeration>(i);
      return true;
    }
    return false;
  }
};

template <>
struct Codec<EndKind> : EnumerationCodec<EndKind, Codec<EndKind>> {
  static constexpr std::array<std::string_view, 5> kNames{"exited", "signalled", "replaced", "still_running",
                                                          "unknown"};
  static constexpr std::string_view kExpected =
      "\"exited\", \"signalled\", \"replaced\", \"still_running\" or \"unknown\"";
};

template <>
struct Codec<TypeEvidence> : EnumerationCodec<TypeEvidence, Codec<TypeEvidence>> {
  static constexpr std::array<std::string_view, 6> kNames{"template_argument", "constructor", "allocation_type",
                                                          "variable",          "source",      "library_class"};
  static constexpr std::string_view kExpected =
      "\"template_argument\", \"constructor\", \"allocation_type\", \"variable\", \"source\" or "
      "\"library_class\"";
};

template <>
struct Codec<SnapshotKind> : EnumerationCodec<SnapshotKind, Codec<SnapshotKind>> {
  static constexpr std::array<std::string_view, 6> kNames{"none", "command", "interval", "signal", "program", "peak"};
  static constexpr std::string_view kExpected =
      "\"none\", \"command\", \"interval\", \"signal\", \"program\" or \"peak\"";
};

/// An index that may be absent: -1 stands for kNoIndex.
struct OptionalIndexCodec {
  static constexpr std::string_view kExpected = "an integer from -1 to 4294967294";
  static void write(std::uint32_t value, JsonText& out) {
    out.number(value == kNoIndex ? std::int64_t{-1} : std::int64_t{value});
  }
  static bool read(std::uint32_t& value, const Scalar& scalar) {
    value = kNoIndex;
    if (scalar.kind == Scalar::Kind::kNegative) return scalar.bits == static_cast<std::uint64_t>(std::int64_t{-1});
    return Codec<std::uint32_t>::read(value, scalar) && value != kNoIndex;
  }
};

/// Bucket, count, bucket, count, ….
struct HistogramCodec {
  static constexpr std::size_t kStep = 2;
  static constexpr std::string_view kExpected = "buckets below 65 in rising order, each followed by its count above 0";
  static void write(const Histogram& bins, JsonText& out) {
    out.character('[');
    for (const HistogramBin& bin : bins) {
      if (&bin != bins.begin()) out.character(',');
      out.number(bin.bucket);
      out.character(',');
      out.number(bin.count);
    }
    out.character(']');
  }
  static bool read_item(Histogram& bins, const Scalar& scalar, std::size_t item) {
    if (item % 2 != 0) return Codec<std::uint64_t>::read(bins.back().count, scalar) && bins.back().count > 0;
    HistogramBin bin;
    if (!Codec<std::uint32_t>::read(bin.bucket, scalar) || bin.bucket >= kHistogramBuckets) return false;
    if (!bins.empty() && bins.back().bucket >= bin.bucket) return false;
    bins.push_back(bin);
    return true;
  }
};

struct StringListCodec {
  static constexpr std::size_t kStep = 1;
  static constexpr std::string_view kExpected = Codec<std::string>::kExpected;
  static void write(const std::vector<std::string>& list, JsonText& out) {
    out.raw("[");
    for (const std::string& item : list) {
      if (&item != list.data()) out.raw(",");
      out.string(item);
    }
    out.raw("]");
  }
  static bool read_item(std::vector<std::string>& list, const Scalar& scalar, std::size_t) {
    return Codec<std::string>::read(list.emplace_back(), scalar);
  }
};

namespace field_detail {

template <auto kMember>
struct Member;
template <typename RowType, typename ValueType, ValueType RowType::*kPointer>
struct Member<kPointer> {
  using Row = RowType;
  using Value = ValueType;
};

template <auto kMember, typename CodecType, typename Row>
void write_values(std::span<const Row> rows, JsonText& out) {
  // A column of a large table is a cache miss for each row, and the processor does not foresee them by itself.
  constexpr std::size_t kAhead = 24;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    __builtin_prefetch(&(rows[std::min(i + kAhead, rows.size() - 1)].*kMember));
    if (i != 0) out.character(',');
    CodecType::write(rows[i].*kMember, out);
  }
}

template <auto kMember, typename CodecType>
constexpr auto scalar_field(std::string_view name, Reference reference) {
  using Row = typename Member<kMember>::Row;
  std::uint32_t (*index)(const Row&) = nullptr;
  if constexpr (std::same_as<typename Member<kMember>::Value, std::uint32_t>) {
    index = [](const Row& row) { return row.*kMember; };
  }
  return Field<Row>{name,
                    CodecType::kExpected,
                    reference,
                    std::same_as<CodecType, OptionalIndexCodec>,
                    0,
                    write_values<kMember, CodecType, Row>,
                    [](Row& row, const Scalar& scalar, std::size_t) { return CodecType::read(row.*kMember, scalar); },
                    index};
}

template <auto kMember, typename CodecType>
constexpr auto list_field(std::string_view name) {
  using Row = typename Member<kMember>::Row;
  return Field<Row>{
      name,
      CodecType::kExpected,
      Reference::kNone,
      false,
      CodecType::kStep,
      write_values<kMember, CodecType, Row>,
      [](Row& row, const Scalar& scalar, std::size_t item) { return CodecType::read_item(row.*kMember, scalar, item); },
      nullptr};
}

}  // namespace field_detail

template <auto kMember>
constexpr auto field(std::string_view name) {
  using Value = typename field_detail::Member<kMember>::Value;
  if constexpr (std::same_as<Value, Histogram>) {
    return field_detail::list_field<kMember, HistogramCodec>(name);
  } else if constexpr (std::same_as<Value, std::vector<std::string>>) {
    return field_detail::list_field<kMember, StringListCodec>(name);
  } else {
    return field_detail::scalar_field<kMember, Codec<Value>>(name, Reference::kNone);
  }
}

/// A row number of another table.
template <auto kMember>
constexpr auto index_field(std::string_view name, Reference reference) {
  return field_detail::scalar_field<kMember, Codec<std::uint32_t>>(name, reference);
}

/// The same, or kNoIndex.
template <auto kMember>
constexpr auto optional_index_field(std::string_view name, Reference reference) {
  return field_detail::scalar_field<kMember, OptionalIndexCodec>(name, reference);
}

}  // namespace memprof
