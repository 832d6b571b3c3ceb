// The types of words, names, paths, cipher suites and groups.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/loader/tls_names.h"
#include "config/loader/value_type.h"
#include "config/suggest.h"

namespace mantlet::config {
namespace {

constexpr size_t kLongestName = 63;

// Returns the value of a word that only YAML 1.1 reads as a boolean.
std::optional<bool> OldTruthValue(const std::string& text) {
  const std::string word = absl::AsciiStrToLower(text);
  if (word == "yes" || word == "on" || word == "true") return true;
  if (word == "no" || word == "off" || word == "false") return false;
  return std::nullopt;
}

std::optional<Problem> ParseName(const ScalarText& scalar, std::string& out) {
  const std::string& text = scalar.text;
  bool good = !text.empty() && text.size() <= kLongestName && absl::ascii_isalnum(text[0]);
  for (char c : text) good = good && (absl::ascii_isalnum(c) || absl::StrContains("._-", c));
  if (!good) {
    return Problem{absl::StrCat("'", text, "' is not a name"),
                   absl::StrCat("use letters, digits, '.', '_' and '-', at most ", kLongestName,
                                ", the first a letter or digit")};
  }
  out = text;
  return std::nullopt;
}

std::optional<Problem> ParseFile(const ScalarText& scalar, std::string& out) {
  if (scalar.text.empty()) return Problem{"the path is empty", "name a file"};
  if (scalar.text.back() == '/') {
    return Problem{absl::StrCat("'", scalar.text, "' ends with '/'"),
                   "write the path of a file, not of a directory"};
  }
  const std::filesystem::path path(scalar.text);
  out = path.is_absolute()
            ? scalar.text
            : (std::filesystem::path(scalar.directory) / path).lexically_normal().string();
  return std::nullopt;
}

}  // namespace

std::optional<size_t> FindName(const ScalarText& scalar, const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (scalar.text == names[i]) return i;
  }
  // A tool for YAML 1.1 has rewritten `off` as `false`.
  if (scalar.quoted || scalar.text != "false") return std::nullopt;
  return FindName({"off", true, ""}, names);
}

Problem NoSuchName(const ScalarText& scalar, const std::vector<std::string>& names) {
  return {absl::StrCat("'", scalar.text, "' is not known here"),
          DidYouMeanOrOneOf(scalar.text, names)};
}

std::string OneOf(const std::vector<std::string>& names) {
  return absl::StrCat("one of ", absl::StrJoin(names, ", "));
}

ValueType<bool> Boolean() {
  ValueType<bool> type;
  type.name = "true or false";
  type.example = "true";
  type.parse = [](const ScalarText& scalar, bool& out) -> std::optional<Problem> {
    if (scalar.quoted) {
      return Problem{"expected true or false, found text in quotes", "remove the quotes"};
    }
    if (scalar.text == "true" || scalar.text == "false") {
      out = scalar.text == "true";
      return std::nullopt;
    }
    const std::optional<bool> meant = OldTruthValue(scalar.text);
    return Problem{absl::StrCat("'", scalar.text, "' is neither true nor false"),
                   !meant   ? "write true or false"
                   : *meant ? "write true"
                            : "write false"};
  };
  type.print = [](bool value) { return value ? "true" : "false"; };
  type.forms = {BooleanForm()};
  return type;
}

ValueType<bool> OffOrOn() {
  ValueType<bool> type;
  type.name = "off or on";
  type.example = "off";
  type.parse = [](const ScalarText& scalar, bool& out) -> std::optional<Problem> {
    const bool rewritten = !scalar.quoted && (scalar.text == "true" || scalar.text == "false");
    if (!rewritten && scalar.text != "on" && scalar.text != "off") {
      return Problem{absl::StrCat("'", scalar.text, "' is neither off nor on"), "write off or on"};
    }
    out = scalar.text == "on" || scalar.text == "true";
    return std::nullopt;
  };
  type.print = [](bool value) { return value ? "on" : "off"; };
  type.forms = {WordForm("off"), WordForm("on"), BooleanForm()};
  return type;
}

ValueType<std::string> Name(const char* example) {
  return {"name",
          example,
          ParseName,
          [](const std::string& value) { return value; },
          {PatternForm("[A-Za-z0-9][A-Za-z0-9._-]{0,62}"), UnquotedForm()}};
}

ValueType<std::string> File(const char* example) {
  return {"path",
          example,
          ParseFile,
          [](const std::string& value) { return value; },
          {PatternForm(".*[^/]"), UnquotedForm()}};
}

ValueType<std::string> AccessLogTarget() {
  ValueType<std::string> type = File("stdout");
  type.name = "stdout, off, or a path";
  type.forms = {WordForm("stdout"), WordForm("off"), PatternForm(".*/.*[^/]")};
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    if (scalar.text == "stdout" || scalar.text == "off") {
      out = scalar.text;
      return std::nullopt;
    }
    if (!scalar.quoted && scalar.text == "false") {
      out = "off";
      return std::nullopt;
    }
    if (!absl::StrContains(scalar.text, '/')) {
      return Problem{absl::StrCat("'", scalar.text, "' is neither stdout, off nor a path"),
                     absl::StrCat("write stdout, off or a path with a '/', as ./", scalar.text)};
    }
    return ParseFile(scalar, out);
  };
  return type;
}

ValueType<std::string> CipherSuite() {
  ValueType<std::string> type;
  type.name = "cipher suite of TLS 1.2, or several of equal preference";
  type.example = CipherSuiteNames()[0];
  for (const std::string& name : CipherSuiteNames()) type.forms.push_back(WordForm(name));
  const std::string any = absl::StrCat("(?:", absl::StrJoin(CipherSuiteNames(), "|"), ")");
  type.forms.push_back(PatternForm(absl::StrCat(any, "(?:\\|", any, ")+")));
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    std::vector<std::string> names;
    for (const std::string& written : std::vector<std::string>(absl::StrSplit(scalar.text, '|'))) {
      const char* name = CanonicalCipherSuite(written);
      if (name == nullptr) return NoSuchCipherSuite(written);
      names.push_back(name);
    }
    out = absl::StrJoin(names, "|");
    return std::nullopt;
  };
  type.print = [](const std::string& value) { return value; };
  return type;
}

ValueType<std::string> Group() {
  ValueType<std::string> type;
  type.name = "key exchange group";
  type.example = GroupNames()[0];
  for (const std::string& name : GroupNames()) type.forms.push_back(WordForm(name));
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    const char* name = CanonicalGroup(scalar.text);
    if (name == nullptr) return NoSuchGroup(scalar.text);
    out = name;
    return std::nullopt;
  };
  type.print = [](const std::string& value) { return value; };
  return type;
}

}  // namespace mantlet::config
