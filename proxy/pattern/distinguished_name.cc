#include "proxy/pattern/distinguished_name.h"

#include <algorithm>
#include <cstddef>

#include "proxy/base/hex_digit.h"
#include "proxy/pattern/attribute_type.h"
#include "proxy/pattern/dns_pattern.h"

namespace mantlet::pattern {
namespace {

using base::HexDigit;

constexpr std::string_view kSpecial = ",+\"\\<>;";

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

  // Reads one relative name and sorts its attributes (separated by '+'), because they are a set.
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
    return std::string(CanonicalAttributeType(type));
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
    // The value of a short UTF8String, NumericString, PrintableString, IA5String or VisibleString
    // is its text.
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
