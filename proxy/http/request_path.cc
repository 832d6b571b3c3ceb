#include "proxy/http/request_path.h"

#include <algorithm>
#include <array>

#include "proxy/base/hex_digit.h"
#include "proxy/base/utf8.h"

namespace mantlet::http {
namespace {

using base::HexDigit;

bool IsEscape(std::string_view text, size_t at) {
  return at + 2 < text.size() && HexDigit(text[at + 1]) >= 0 && HexDigit(text[at + 2]) >= 0;
}

using Table = std::array<bool, 256>;

constexpr Table MakeTable(std::string_view others) {
  Table table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) {
    table[static_cast<size_t>(c)] = table[static_cast<size_t>(c | 0x20)] = true;
  }
  for (char c : others) table[static_cast<unsigned char>(c)] = true;
  return table;
}
// Characters of RFC 3986 sections 2.3 and 3.3. Characters outside the second set are encoded.
constexpr Table kUnreserved = MakeTable("-._~");
constexpr Table kPathCharacter = MakeTable("-._~!$&'()*+,;=:@/");

bool IsIn(const Table& table, char c) { return table[static_cast<unsigned char>(c)]; }

// Returns whether the path is certainly normal and contains no escape, which is true of almost all
// paths.
bool IsNormal(std::string_view path) {
  char last = 0;
  for (char c : path) {
    if (!IsIn(kPathCharacter, c) || c == ';') return false;
    if (last == '/' && (c == '/' || c == '.')) return false;
    last = c;
  }
  return true;
}

void AppendEscape(char c, std::string& out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const char escape[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  out.append(escape, sizeof escape);
}

char EscapedByte(std::string_view text, size_t at) {
  return static_cast<char>(HexDigit(text[at + 1]) * 16 + HexDigit(text[at + 2]));
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::optional<std::string_view> RequestPath::Normalize(std::string_view target) {
  target_.clear();
  if (target == "*") {
    decoded_ = target_ = "*";
    return std::nullopt;
  }
  if (target.empty() || target[0] != '/') return "the path does not begin with '/'";
  const std::string_view path = target.substr(0, target.find('?'));
  if (IsNormal(path)) {
    decoded_.assign(path);
    target_.assign(target);
    return std::nullopt;
  }
  // The whole path is checked, including segments that ".." removes.
  if (const auto why = Decode(path)) return why;
  if (const auto why = CheckDecoded()) return why;
  Rewrite(path);
  const size_t size = target_.size();
  if (const auto why = ResolveDots()) return why;
  MergeSlashes();
  if (target_.size() != size) Decode(target_);
  target_.append(target.substr(path.size()));
  return std::nullopt;
}

std::optional<std::string_view> RequestPath::Decode(std::string_view path) {
  decoded_.clear();
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c != '%') {
      if (c == '\\') return "the path has a backslash";
      decoded_.push_back(c);
      continue;
    }
    if (!IsEscape(path, i)) return "the path has a '%' without two hexadecimal digits";
    const char byte = EscapedByte(path, i);
    if (byte == '/') return "the path has an encoded slash";
    if (byte == '\\') return "the path has an encoded backslash";
    decoded_.push_back(byte);
    i += 2;
  }
  return std::nullopt;
}

std::optional<std::string_view> RequestPath::CheckDecoded() const {
  for (size_t i = 0; i < decoded_.size(); ++i) {
    const char c = decoded_[i];
    if (IsControl(c)) return "the path has a control character";
    if (c == ';') return "the path has a ';'";
    if (c == '%' && IsEscape(decoded_, i)) return "the path is percent-encoded twice";
    if (static_cast<unsigned char>(c) < 0x80) continue;
    const size_t length = base::Utf8SequenceLength(decoded_, i);
    if (length == 0) return "the path is not UTF-8";
    // The control characters U+0080 to U+009F.
    if (length == 2 && c == '\xc2' && static_cast<unsigned char>(decoded_[i + 1]) < 0xa0) {
      return "the path has a control character";
    }
    i += length - 1;
  }
  return std::nullopt;
}

// Requires that Decode() has accepted the path.
void RequestPath::Rewrite(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      const char byte = EscapedByte(path, i);
      if (IsIn(kUnreserved, byte)) {
        target_.push_back(byte);
      } else {
        AppendEscape(byte, target_);
      }
      i += 2;
    } else if (IsIn(kPathCharacter, path[i])) {
      target_.push_back(path[i]);
    } else {
      AppendEscape(path[i], target_);
    }
  }
}

// Works in place, because the result is never longer than the input. Every segment is kept with the
// "/" before it.
std::optional<std::string_view> RequestPath::ResolveDots() {
  if (target_.find("/.") == std::string::npos) return std::nullopt;
  size_t out = 0;
  for (size_t in = 0; in < target_.size();) {
    const size_t end = std::min(target_.find('/', in + 1), target_.size());
    const std::string_view segment = std::string_view(target_).substr(in + 1, end - in - 1);
    const bool last = end == target_.size();
    if (segment == "..") {
      if (out > 0) {
        const size_t slash = target_.rfind('/', out - 1);
        if (slash + 1 == out) return "the path has '..' after an empty segment";
        out = slash;
      }
      if (last) target_[out++] = '/';
    } else if (segment == ".") {
      if (last) target_[out++] = '/';
    } else {
      std::copy(target_.begin() + static_cast<ptrdiff_t>(in),
                target_.begin() + static_cast<ptrdiff_t>(end),
                target_.begin() + static_cast<ptrdiff_t>(out));
      out += end - in;
    }
    in = end;
  }
  target_.resize(out);
  return std::nullopt;
}

void RequestPath::MergeSlashes() {
  const auto both = [](char a, char b) { return a == '/' && b == '/'; };
  target_.erase(std::unique(target_.begin(), target_.end(), both), target_.end());
}

}  // namespace mantlet::http
