#include "proxy/pattern/distinguished_name.h"

#include <algorithm>
#include <cstddef>

#include "proxy/base/hex_digit.h"
#include "proxy/pattern/dns_pattern.h"

namespace mantlet::pattern {
namespace {

using base::HexDigit;

constexpr std::string_view kSpecial = ",+\"\\<>;";

// Everything an attribute type is called, in lower case; the first of a row is
// what the others become.
constexpr std::string_view kTypes[][4] = {
    {"cn", "commonname", "2.5.4.3"},
    {"sn", "surname", "2.5.4.4"},
    {"serialnumber", "2.5.4.5"},
    {"c", "countryname", "2.5.4.6"},
    {"l", "localityname", "2.5.4.7"},
    {"st", "s", "stateorprovincename", "2.5.4.8"},
    {"street", "streetaddress", "2.5.4.9"},
    {"o", "organizationname", "2.5.4.10"},
    {"ou", "organizationalunitname", "2.5.4.11"},
    {"title", "t", "2.5.4.12"},
    {"description", "2.5.4.13"},
    {"businesscategory", "2.5.4.15"},
    {"postalcode", "2.5.4.17"},
    {"name", "2.5.4.41"},
    {"gn", "givenname", "2.5.4.42"},
    {"initials", "2.5.4.43"},
    {"generationqualifier", "2.5.4.44"},
    {"dnqualifier", "2.5.4.46"},
    {"pseudonym", "2.5.4.65"},
    {"organizationidentifier", "2.5.4.97"},
    {"uid", "userid", "0.9.2342.19200300.100.1.1"},
    {"dc", "domaincomponent", "0.9.2342.19200300.100.1.25"},
    {"emailaddress", "e", "email", "1.2.840.113549.1.9.1"},
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::vector<std::string>> Read() {
    std::vector<std::string> names;
    SkipBlanks();
    if (AtEnd()) return names;
    while (true) {
      std::optional<std::string> name = ReadRelativeName();
      if (!name) return std::nullopt;
      names.push_back(*std::move(name));
      if (AtEnd()) return names;
      if (!Take(',') && !Take(';')) return std::nullopt;
    }
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[at_])) ++at_;
  }

  // Attributes with '+' between them, sorted: they are a set.
  std::optional<std::string> ReadRelativeName() {
    std::vector<std::string> attributes;
    do {
      std::optional<std::string> type = ReadType();
      if (!type || !Take('=')) return std::nullopt;
      SkipBlanks();
      std::string value;
      if (!ReadValue(&value)) return std::nullopt;
      SkipBlanks();
      attributes.push_back(*type + '=' + std::to_string(value.size()) + ':' + value);
    } while (Take('+'));
    std::sort(attributes.begin(), attributes.end());
    std::string name;
    for (const std::string& attribute : attributes) name += attribute + '+';
    return name;
  }

  std::optional<std::string> ReadType() {
    SkipBlanks();
    const size_t begin = at_;
    while (!AtEnd() && text_[at_] != '=' && !IsBlank(text_[at_])) {
      const char c = text_[at_];
      const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
      if (!good) return std::nullopt;
      ++at_;
    }
    std::string type = LowerAscii(text_.substr(begin, at_ - begin));
    SkipBlanks();
    if (type.starts_with("oid.")) type.erase(0, 4);
    if (type.empty()) return std::nullopt;
    for (const auto& row : kTypes) {
      if (std::find(std::begin(row), std::end(row), type) != std::end(row)) {
        return std::string(row[0]);
      }
    }
    return type;
  }

  bool ReadValue(std::string* value) {
    if (Take('#')) return ReadHexValue(value);
    std::string raw;
    if (Take('"')) {
      while (true) {
        if (AtEnd()) return false;
        if (Take('"')) break;
        if (!ReadCharacter(&raw)) return false;
      }
    } else {
      while (!AtEnd() && std::string_view(",;+").find(text_[at_]) == std::string_view::npos) {
        if (text_[at_] == '"' || !ReadCharacter(&raw)) return false;
      }
    }
    *value = Folded(raw);
    return true;
  }

  bool ReadCharacter(std::string* raw) {
    if (!Take('\\')) {
      raw->push_back(text_[at_++]);
      return true;
    }
    if (AtEnd()) return false;
    const int high = HexDigit(text_[at_]);
    const int low = at_ + 1 < text_.size() ? HexDigit(text_[at_ + 1]) : -1;
    if (high >= 0 && low >= 0) {
      raw->push_back(static_cast<char>(high * 16 + low));
      at_ += 2;
      return true;
    }
    const char c = text_[at_];
    if (kSpecial.find(c) == std::string_view::npos && c != '=' && c != '#' && c != ' ') {
      return false;
    }
    raw->push_back(c);
    ++at_;
    return true;
  }

  bool ReadHexValue(std::string* value) {
    std::string der;
    while (at_ + 1 < text_.size() && HexDigit(text_[at_]) >= 0 && HexDigit(text_[at_ + 1]) >= 0) {
      der.push_back(static_cast<char>(HexDigit(text_[at_]) * 16 + HexDigit(text_[at_ + 1])));
      at_ += 2;
    }
    if (der.empty()) return false;
    // A short UTF8String, NumericString, PrintableString, IA5String or
    // VisibleString is the text in it.
    const bool text =
        std::string_view("\x0c\x12\x13\x16\x1a").find(der[0]) != std::string_view::npos;
    const size_t length = der.size() > 1 ? static_cast<unsigned char>(der[1]) : 128;
    *value = text && length < 128 && length + 2 == der.size() ? Folded(der.substr(2)) : '#' + der;
    return true;
  }

  static std::string Folded(std::string_view raw) {
    std::string value;
    for (char c : raw) {
      if (IsBlank(c) && (value.empty() || value.back() == ' ')) continue;
      value.push_back(IsBlank(c) ? ' ' : c);
    }
    if (!value.empty() && value.back() == ' ') value.pop_back();
    return LowerAscii(value);
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> CanonicalName(std::string_view rfc2253) {
  return Reader(rfc2253).Read();
}

std::string JoinName(const std::vector<std::string>& relative_names) {
  std::string all;
  for (const std::string& name : relative_names) all += name + ',';
  return all;
}

std::string JoinNameBackwards(const std::vector<std::string>& relative_names) {
  return JoinName({relative_names.rbegin(), relative_names.rend()});
}

}  // namespace mantlet::pattern
