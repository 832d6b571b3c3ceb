// Helpers for tokens, comma-separated lists and comparison without letter case (RFC 9110 section
// 5.6). Pure; any thread.

#ifndef MANTLET_PROXY_HTTP_TOKENS_H_
#define MANTLET_PROXY_HTTP_TOKENS_H_

#include <array>
#include <string_view>

namespace mantlet::http {
namespace internal {

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c | 0x20] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline constexpr std::array<bool, 256> kTokenTable = MakeTokenTable();

}  // namespace internal

constexpr bool IsTokenChar(char c) { return internal::kTokenTable[static_cast<unsigned char>(c)]; }

// Returns whether `text` is a token: not empty, and only token characters.
constexpr bool IsToken(std::string_view text) {
  for (char c : text) {
    if (!IsTokenChar(c)) return false;
  }
  return !text.empty();
}

// Compares ASCII letters without case; every other byte must be equal.
constexpr char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a == b) return true;  // usual, and fast
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerCase(a[i]) != LowerCase(b[i])) return false;
  }
  return true;
}

constexpr std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls fn(item) for every non-empty item of a comma-separated list of tokens. Quoted strings are
// not supported.
template <typename Fn>
constexpr void ForEachListItem(std::string_view list, Fn&& fn) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = TrimBlanks(list.substr(0, comma));
    if (!item.empty()) fn(item);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// Returns whether the list contains `item`, ignoring letter case.
constexpr bool ListContains(std::string_view list, std::string_view item) {
  bool found = false;
  ForEachListItem(list, [&](std::string_view each) { found |= EqualsIgnoreCase(each, item); });
  return found;
}

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_TOKENS_H_
