// ValueForm is a form in which a value may be written, as far as a JSON schema can express it. The
// loader does not use it: ValueType::parse decides. A test compares both.

#ifndef MANTLET_CONFIG_LOADER_VALUE_FORM_H_
#define MANTLET_CONFIG_LOADER_VALUE_FORM_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::config {

struct ValueForm {
  enum class Kind {
    kWord,      // exactly `text`
    kPattern,   // a text that the regular expression `text` matches as a whole (ECMA-262)
    kInteger,   // a number without quotes, `min` to `max`
    kBoolean,   // true or false, without quotes
    kUnquoted,  // a number, true or false without quotes, which are read as text
  };
  Kind kind;
  std::string text;
  uint64_t min = 0;
  uint64_t max = 0;
};
using ValueForms = std::vector<ValueForm>;

inline ValueForm WordForm(std::string word) { return {ValueForm::Kind::kWord, std::move(word)}; }
inline ValueForm PatternForm(std::string expression) {
  return {ValueForm::Kind::kPattern, std::move(expression)};
}
inline ValueForm IntegerForm(uint64_t min, uint64_t max) {
  return {ValueForm::Kind::kInteger, "", min, max};
}
inline ValueForm BooleanForm() { return {ValueForm::Kind::kBoolean, ""}; }
inline ValueForm UnquotedForm() { return {ValueForm::Kind::kUnquoted, ""}; }

// Returns a regular expression for the decimal numbers `min` to `max`, without leading zeros.
std::string DecimalPattern(uint64_t min, uint64_t max);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_VALUE_FORM_H_
