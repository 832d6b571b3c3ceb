// The types of numbers, sizes and durations.

#include <array>
#include <cstdint>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "config/loader/value_type.h"

namespace mantlet::config {
namespace {

struct Unit {
  absl::string_view text;
  uint64_t factor;
};

constexpr std::array<Unit, 4> kSizeUnits = {
    {{"GiB", 1024ull * 1024 * 1024}, {"MiB", 1024 * 1024}, {"KiB", 1024}, {"", 1}}};
constexpr std::array<Unit, 4> kDurationUnits = {
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// Removes the digits at the start of `text` and returns their value, or nullopt if there are none.
// A number too large for 64 bits becomes the largest value, which every range rejects.
std::optional<uint64_t> TakeDigits(absl::string_view& text) {
  size_t length = 0;
  while (length < text.size() && absl::ascii_isdigit(text[length])) ++length;
  uint64_t number = 0;
  if (length == 0) return std::nullopt;
  if (!absl::SimpleAtoi(text.substr(0, length), &number)) number = kMost;
  text.remove_prefix(length);
  return number;
}

// Parses DIGITS UNIT, with a unit of `units`; 0 needs no unit. A product that is too large becomes
// the largest value.
template <size_t N>
std::optional<uint64_t> ParseWithUnit(absl::string_view text, const std::array<Unit, N>& units) {
  const std::optional<uint64_t> number = TakeDigits(text);
  if (!number) return std::nullopt;
  if (*number == 0 && text.empty()) return 0;
  for (const Unit& unit : units) {
    if (text != unit.text) continue;
    return *number > kMost / unit.factor ? kMost : *number * unit.factor;
  }
  return std::nullopt;
}

// Returns the shortest form of `value` with one of `units`, the largest first.
template <size_t N>
std::string PrintWithUnit(uint64_t value, const std::array<Unit, N>& units) {
  if (value == 0) return "0";
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return absl::StrCat(value / unit.factor, unit.text);
  }
  return absl::StrCat(value);
}

// The range min to max, and the meaning of 0 if that is allowed in addition.
struct Range {
  uint64_t min;
  uint64_t max;
  const char* zero;
  bool Has(uint64_t value) const {
    return (value >= min && value <= max) || (value == 0 && zero != nullptr);
  }
};

// A kind of number, with the way its values are read and written.
struct Notation {
  std::string noun;
  std::string form;     // completes "write "
  std::string missing;  // the most likely unit for a number without one
  bool quotes = false;  // may stand in quotes
  std::function<std::optional<uint64_t>(absl::string_view)> parse;
  std::function<std::string(uint64_t)> print;
  std::function<ValueForms(const Range&)> forms;
};

std::string Describe(const Notation& notation, const Range& range) {
  return absl::StrCat(
      notation.noun, ", ", notation.print(range.min), " to ", notation.print(range.max),
      range.zero == nullptr ? "" : ", or 0: ", range.zero == nullptr ? "" : range.zero);
}

std::string HintForForm(const Notation& notation, const Range& range, absl::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (digits && !notation.missing.empty()) {
    return absl::StrCat("give it a unit, as ", text, notation.missing);
  }
  return absl::StrCat("write ", notation.form, " from ", notation.print(range.min), " to ",
                      notation.print(range.max), range.zero == nullptr ? "" : ", or 0 for ",
                      range.zero == nullptr ? "" : range.zero);
}

template <typename T>
ValueType<T> Number(const Notation& notation, Range range,
                    const std::function<uint64_t(const T&)>& to_number,
                    const std::function<T(uint64_t)>& from_number) {
  ValueType<T> type;
  type.name = Describe(notation, range);
  type.example = notation.print(range.min);
  type.parse = [=](const ScalarText& scalar, T& out) -> std::optional<Problem> {
    if (scalar.quoted && !notation.quotes) {
      return Problem{absl::StrCat("expected a ", notation.noun, ", found text in quotes"),
                     "remove the quotes"};
    }
    const std::optional<uint64_t> value = notation.parse(scalar.text);
    if (!value) {
      return Problem{absl::StrCat("'", scalar.text, "' is not a ", notation.noun),
                     HintForForm(notation, range, scalar.text)};
    }
    if (!range.Has(*value)) {
      return Problem{absl::StrCat(scalar.text, " is out of range"),
                     HintForForm(notation, range, "")};
    }
    out = from_number(*value);
    return std::nullopt;
  };
  type.print = [=](const T& value) { return notation.print(to_number(value)); };
  type.forms = notation.forms(range);
  return type;
}

template <typename T>
ValueType<T> PlainNumber(const Notation& notation, Range range) {
  return Number<T>(
      std::move(notation), range, [](const T& value) { return static_cast<uint64_t>(value); },
      [](uint64_t value) { return static_cast<T>(value); });
}

// Returns the regular expression for what ParseWithUnit() reads as a value of `range`.
template <size_t N>
std::string PatternWithUnit(const Range& range, const std::array<Unit, N>& units) {
  std::string out = range.Has(0) ? "0+" : "";
  for (const Unit& unit : units) {
    const uint64_t most = range.max / unit.factor;
    const uint64_t least = (range.min + unit.factor - 1) / unit.factor;
    if (least > most) continue;
    absl::StrAppend(&out, out.empty() ? "" : "|", "0*", DecimalPattern(least, most), unit.text);
    if (range.zero != nullptr && !unit.text.empty()) absl::StrAppend(&out, "|0+", unit.text);
  }
  return out;
}

ValueForms Numbers(const Range& range) {
  ValueForms forms = {IntegerForm(range.min, range.max)};
  if (range.zero != nullptr) forms.push_back(IntegerForm(0, 0));
  return forms;
}

Notation WholeNumber() {
  return {"whole number",
          "a whole number",
          "",
          false,
          [](absl::string_view text) -> std::optional<uint64_t> {
            const std::optional<uint64_t> number = TakeDigits(text);
            return text.empty() ? number : std::nullopt;
          },
          [](uint64_t value) { return absl::StrCat(value); },
          Numbers};
}

Notation Bytes() {
  return {"size",
          "bytes as 4096, 16KiB or 1MiB,",
          "",
          true,
          [](absl::string_view text) { return ParseWithUnit(text, kSizeUnits); },
          [](uint64_t value) { return PrintWithUnit(value, kSizeUnits); },
          [](const Range& range) {
            ValueForms forms = Numbers(range);
            forms.push_back(PatternForm(PatternWithUnit(range, kSizeUnits)));
            return forms;
          }};
}

Notation Time() {
  return {"duration",
          "a number with its unit as 250ms, 5s, 10m or 12h,",
          "s",
          true,
          [](absl::string_view text) { return ParseWithUnit(text, kDurationUnits); },
          [](uint64_t value) { return PrintWithUnit(value, kDurationUnits); },
          [](const Range& range) {
            ValueForms forms = {PatternForm(PatternWithUnit(range, kDurationUnits))};
            if (range.Has(0)) forms.push_back(IntegerForm(0, 0));
            return forms;
          }};
}

// Returns `base` with two more values that are written as words, of which `auto` is the default.
template <typename T>
ValueType<T> AutoOrOff(const ValueType<T>& base, T automatic, T off) {
  ValueType<T> type = base;
  type.name = absl::StrCat("auto, off, or a ", base.name);
  type.example = "auto";
  type.parse = [=](const ScalarText& scalar, T& out) -> std::optional<Problem> {
    if (scalar.text == "auto" || scalar.text == "off" || scalar.text == "false") {
      out = scalar.text == "auto" ? automatic : off;
      return std::nullopt;
    }
    std::optional<Problem> problem = base.parse(scalar, out);
    if (problem && !scalar.quoted)
      problem->hint = absl::StrCat("write auto, off, or a ", base.name);
    return problem;
  };
  type.print = [=](const T& value) {
    if (value == automatic) return std::string("auto");
    return value == off ? std::string("off") : base.print(value);
  };
  type.forms.insert(type.forms.begin(), {WordForm("auto"), WordForm("off")});
  return type;
}

}  // namespace

ValueType<uint32_t> Count(uint32_t min, uint32_t max, const char* zero) {
  return PlainNumber<uint32_t>(WholeNumber(), {min, max, zero});
}

ValueType<int> Depth(int min, int max) {
  return PlainNumber<int>(WholeNumber(),
                          {static_cast<uint64_t>(min), static_cast<uint64_t>(max), nullptr});
}

ValueType<uint32_t> Workers(uint32_t max) {
  ValueType<uint32_t> type = Count(1, max);
  const ValueType<uint32_t> number = type;
  type.name = absl::StrCat("auto, or a ", number.name);
  type.example = "auto";
  type.parse = [number, max](const ScalarText& scalar, uint32_t& out) -> std::optional<Problem> {
    if (scalar.text == "auto") {
      out = 0;
      return std::nullopt;
    }
    std::optional<Problem> problem = number.parse(scalar, out);
    if (problem && !scalar.quoted) {
      problem->hint = absl::StrCat("write auto or a number from 1 to ", max);
    }
    return problem;
  };
  type.print = [](uint32_t value) { return value == 0 ? "auto" : absl::StrCat(value); };
  type.forms.insert(type.forms.begin(), WordForm("auto"));
  return type;
}

ValueType<uint32_t> FileMode() {
  ValueType<uint32_t> type;
  type.name = "mode in octal digits";
  type.example = "0660";
  type.parse = [](const ScalarText& scalar, uint32_t& out) -> std::optional<Problem> {
    const absl::string_view text = scalar.text;
    const bool octal = text.find_first_not_of("01234567") == absl::string_view::npos;
    const bool long_enough = text.size() == 3 || (text.size() == 4 && text[0] == '0');
    if (!octal || !long_enough) {
      return Problem{absl::StrCat("'", text, "' is not a mode"),
                     "write three octal digits after a 0, e.g. 0660"};
    }
    out = 0;
    for (const char digit : text) out = out * 8 + static_cast<uint32_t>(digit - '0');
    return std::nullopt;
  };
  type.print = [](uint32_t value) { return absl::StrFormat("%04o", value); };
  // Without quotes, it is a number for other readers of YAML, whose digits they do not keep.
  type.forms = {PatternForm("0?[0-7]{3}"), IntegerForm(0, 777)};
  return type;
}

ValueType<uint32_t> AutoCount(uint32_t min, uint32_t max, const char* zero) {
  ValueType<uint32_t> type = Count(min, max, zero);
  const ValueType<uint32_t> number = type;
  type.name = absl::StrCat("auto, or a ", number.name);
  type.example = "auto";
  type.parse = [number](const ScalarText& scalar, uint32_t& out) -> std::optional<Problem> {
    if (scalar.text == "auto") {
      out = kAutoLimit;
      return std::nullopt;
    }
    std::optional<Problem> problem = number.parse(scalar, out);
    if (problem && !scalar.quoted) problem->hint = absl::StrCat("write auto, or ", number.name);
    return problem;
  };
  type.print = [number](uint32_t value) {
    return value == kAutoLimit ? "auto" : number.print(value);
  };
  type.forms.insert(type.forms.begin(), WordForm("auto"));
  return type;
}

ValueType<uint32_t> Size(uint32_t min, uint32_t max) {
  return PlainNumber<uint32_t>(Bytes(), {min, max, nullptr});
}

ValueType<uint64_t> SizeOrZero(uint64_t min, uint64_t max, const char* zero) {
  return PlainNumber<uint64_t>(Bytes(), {min, max, zero});
}

ValueType<uint64_t> MemorySize(uint64_t min, uint64_t max) {
  return AutoOrOff(SizeOrZero(min, max, nullptr), kAutoMemory, uint64_t{0});
}

ValueType<Milliseconds> Duration(Milliseconds min, Milliseconds max, const char* zero) {
  return Number<Milliseconds>(
      Time(), {static_cast<uint64_t>(min.count()), static_cast<uint64_t>(max.count()), zero},
      [](const Milliseconds& value) { return static_cast<uint64_t>(value.count()); },
      [](uint64_t value) { return Milliseconds(static_cast<int64_t>(value)); });
}

ValueType<Milliseconds> AutoDuration(Milliseconds min, Milliseconds max) {
  return AutoOrOff(Duration(min, max, nullptr), kAutoDuration, Milliseconds(0));
}

}  // namespace mantlet::config
