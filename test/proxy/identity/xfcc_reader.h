// Reads x-forwarded-client-cert strictly, like a careful application: for tests and fuzz targets,
// which check that the written values read back.

#ifndef MANTLET_TEST_PROXY_IDENTITY_XFCC_READER_H_
#define MANTLET_TEST_PROXY_IDENTITY_XFCC_READER_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::identity::testing {

using XfccElement = std::vector<std::pair<std::string, std::string>>;

// There are two kinds of readers: one unescapes only `\"`, the other a backslash before any
// character.
enum class Escapes { kQuoteOnly, kAnything };

inline std::optional<std::vector<XfccElement>> ReadXfcc(std::string_view text, Escapes escapes) {
  std::vector<XfccElement> elements(1);
  size_t at = 0;
  while (true) {
    std::string key;
    while (at < text.size() && text[at] != '=') key.push_back(text[at++]);
    if (at == text.size() || key.empty()) return std::nullopt;
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
        std::string::npos) {
      return std::nullopt;
    }
    ++at;
    std::string value;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return std::nullopt;
        if (text[at] == '"') break;
        const bool escape = text[at] == '\\' && at + 1 < text.size() &&
                            (escapes == Escapes::kAnything || text[at + 1] == '"');
        if (escape) ++at;
        value.push_back(text[at]);
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != ',' && text[at] != ';') {
        if (text[at] == '"' || text[at] == '=') return std::nullopt;
        value.push_back(text[at++]);
      }
    }
    elements.back().emplace_back(key, value);
    if (at == text.size()) return elements;
    if (text[at] == ',') {
      elements.emplace_back();
    } else if (text[at] != ';') {
      return std::nullopt;
    }
    ++at;
  }
}

}  // namespace mantlet::identity::testing

#endif  // MANTLET_TEST_PROXY_IDENTITY_XFCC_READER_H_
