// ValueType: how a scalar of the configuration is parsed, printed and described. Each key of the
// schema has one; a new kind of value is one more function here.

#ifndef MANTLET_CONFIG_LOADER_VALUE_TYPE_H_
#define MANTLET_CONFIG_LOADER_VALUE_TYPE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "config/enum_names.h"

namespace mantlet::config {

// One scalar as it is given to a type.
struct ScalarText {
  std::string text;       // environment variables replaced
  bool quoted = false;    // stood in quotes, and no environment variable was replaced in it
  std::string directory;  // where relative paths start from
};

template <typename T>
struct ValueType {
  std::string name;     // for README and `wrong type` messages, e.g. "duration, 1ms to 24h"
  std::string example;  // what a missing key could be given
  std::function<std::optional<Problem>(const ScalarText&, T&)> parse;
  std::function<std::string(const T&)> print;  // what parse() would read back
};

// true or false, and nothing else: the other words of YAML 1.1 are named in the hint.
ValueType<bool> Boolean();

// off or on. false and true are taken for them, because tools that read and write YAML 1.1 turn
// the one into the other.
ValueType<bool> OffOrOn();

// A whole number. `zero` says what 0 means where it is not a number like the others; it is then
// allowed besides min to max.
ValueType<uint32_t> Count(uint32_t min, uint32_t max, const char* zero = nullptr);
// The same, or `auto` for kAutoLimit.
ValueType<uint32_t> AutoCount(uint32_t min, uint32_t max, const char* zero);
ValueType<int> Depth(int min, int max);

// auto, stored as 0, or a number of event loops.
ValueType<uint32_t> Workers(uint32_t max);

// Bytes: 4096, 16KiB, 1MiB, 2GiB.
ValueType<uint32_t> Size(uint32_t min, uint32_t max);
ValueType<uint64_t> SizeOrZero(uint64_t min, uint64_t max, const char* zero);

// 250ms, 5s, 10m, 12h.
ValueType<Milliseconds> Duration(Milliseconds min, Milliseconds max, const char* zero = nullptr);

// A label: letters, digits, '.', '_' and '-', at most 63 of them, the first a letter or digit.
ValueType<std::string> Name(const char* example);

// A path, made absolute.
ValueType<std::string> File(const char* example);

// A path or one of two words: where the access log goes.
ValueType<std::string> AccessLogTarget();

// A TLS 1.2 suite or a group that BoringSSL has, stored by the library's own name for it.
// OpenSSL's name, or several of them with '|' between: of equal preference.
ValueType<std::string> CipherSuite();
ValueType<std::string> Group();

// The name of a SPIFFE trust domain, without "spiffe://".
ValueType<std::string> TrustDomain();

// A SHA-256 in hex or base64, also as "sha256/BASE64"; stored in lower-case hex.
ValueType<std::string> SpkiPin();

// Permission bits of a file, 0000 to 0777, in octal digits.
ValueType<uint32_t> FileMode();

// The kinds of address that a key takes.
struct AddressKinds {
  bool systemd = false;
  bool any_port = false;  // port 0
};
ValueType<Address> AddressOf(AddressKinds kinds, const char* example);

// Helpers of EnumValue(): the index of the name that the scalar is, and the problem if it is none.
std::optional<size_t> FindName(const ScalarText& scalar, const std::vector<std::string>& names);
Problem NoSuchName(const ScalarText& scalar, const std::vector<std::string>& names);
std::string OneOf(const std::vector<std::string>& names);

// EnumValue is one of the names of an enumeration.
template <typename Enum, size_t N>
ValueType<Enum> EnumValue(const EnumName<Enum> (&table)[N]) {
  std::vector<std::string> names;
  std::vector<Enum> values;
  for (const EnumName<Enum>& name : table) {
    names.push_back(name.text);
    values.push_back(name.value);
  }
  ValueType<Enum> type;
  type.name = OneOf(names);
  type.example = names[0];
  type.parse = [=](const ScalarText& scalar, Enum& out) -> std::optional<Problem> {
    const std::optional<size_t> index = FindName(scalar, names);
    if (!index) return NoSuchName(scalar, names);
    out = values[*index];
    return std::nullopt;
  };
  type.print = [=](const Enum& value) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] == value) return names[i];
    }
    return std::string();
  };
  return type;
}

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_VALUE_TYPE_H_
