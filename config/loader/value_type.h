// ValueType defines how a scalar of the configuration is parsed, printed and described. Each key of
// the schema has one; a new kind of value is one more function here.

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
#include "config/loader/value_form.h"

namespace mantlet::config {

// One scalar of the file.
struct ScalarText {
  std::string text;       // environment variables replaced
  bool quoted = false;    // it was quoted, and no environment variable was replaced in it
  std::string directory;  // where relative paths start from
};

template <typename T>
struct ValueType {
  std::string name;     // for README and `wrong type` messages, such as "duration, 1ms to 24h"
  std::string example;  // a possible value for a missing key
  std::function<std::optional<Problem>(const ScalarText&, T&)> parse;
  std::function<std::string(const T&)> print;  // parse() reads the result back
  ValueForms forms = {};                       // what parse() accepts, for the JSON schema
};

// true or false only. The hint for other boolean words of YAML 1.1 names them.
ValueType<bool> Boolean();

// off or on. false and true are accepted, too, because tools for YAML 1.1 rewrite the one as the
// other.
ValueType<bool> OffOrOn();

// A whole number. If `zero` is set, 0 is allowed besides min to max, and `zero` describes its
// meaning.
ValueType<uint32_t> Count(uint32_t min, uint32_t max, const char* zero = nullptr);
// The same, or `auto` for kAutoLimit.
ValueType<uint32_t> AutoCount(uint32_t min, uint32_t max, const char* zero);
ValueType<int> Depth(int min, int max);

// auto, stored as 0, or a number of event loops.
ValueType<uint32_t> Workers(uint32_t max);

// Bytes: 4096, 16KiB, 1MiB, 2GiB.
ValueType<uint32_t> Size(uint32_t min, uint32_t max);
ValueType<uint64_t> SizeOrZero(uint64_t min, uint64_t max, const char* zero);

// auto, stored as kAutoMemory, off, stored as 0, or bytes.
ValueType<uint64_t> MemorySize(uint64_t min, uint64_t max);

// 250ms, 5s, 10m, 12h.
ValueType<Milliseconds> Duration(Milliseconds min, Milliseconds max, const char* zero = nullptr);
// The same, auto, stored as kAutoDuration, or off, stored as 0.
ValueType<Milliseconds> AutoDuration(Milliseconds min, Milliseconds max);

// A label: letters, digits, '.', '_' and '-', at most 63 of them, the first a letter or digit.
ValueType<std::string> Name(const char* example);

// A path, made absolute.
ValueType<std::string> File(const char* example);

// The destination of the access log: a path or one of two words.
ValueType<std::string> AccessLogTarget();

// A TLS 1.2 suite, or several of equal preference with '|' between them, and a group. Both are
// stored by the library's own name.
ValueType<std::string> CipherSuite();
ValueType<std::string> Group();

// The name of a SPIFFE trust domain, without "spiffe://".
ValueType<std::string> TrustDomain();

// A SHA-256 digest in hex or base64, also as "sha256/BASE64"; stored in lower-case hex.
ValueType<std::string> SpkiPin();

// Permission bits of a file, 0000 to 0777, in octal digits.
ValueType<uint32_t> FileMode();

// The kinds of address that a key accepts.
struct AddressKinds {
  bool systemd = false;
  bool any_port = false;  // port 0
};
ValueType<Address> AddressOf(AddressKinds kinds, const char* example);

// The path of a Unix socket, made absolute.
ValueType<std::string> SocketPath();

// Helpers of EnumValue(): FindName returns the index of the scalar's name, NoSuchName the error if
// there is none.
std::optional<size_t> FindName(const ScalarText& scalar, const std::vector<std::string>& names);
Problem NoSuchName(const ScalarText& scalar, const std::vector<std::string>& names);
std::string OneOf(const std::vector<std::string>& names);

// EnumValue is a name of an enumeration.
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
  for (const std::string& name : names) type.forms.push_back(WordForm(name));
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
