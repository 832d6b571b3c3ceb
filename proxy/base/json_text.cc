#include "proxy/base/json_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "proxy/base/utf8.h"

namespace mantlet::base {
namespace {

uint8_t Byte(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

void AppendUnicodeEscape(unsigned code_point, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kDigits[(code_point >> shift) & 15]);
}

void AppendAsciiEscape(char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      break;
    case '\\':
      out->append("\\\\");
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\r':
      out->append("\\r");
      break;
    case '\t':
      out->append("\\t");
      break;
    default:
      AppendUnicodeEscape(static_cast<uint8_t>(c), out);
  }
}

// Returns the code point of a well-formed sequence that must not appear in a log line (C1 controls,
// line and paragraph separators), or 0.
unsigned UnwantedCodePoint(std::string_view sequence) {
  if (sequence.size() == 2 && Byte(sequence, 0) == 0xC2 && Byte(sequence, 1) < 0xA0) {
    return Byte(sequence, 1);
  }
  if (sequence == "\xE2\x80\xA8") return 0x2028;
  if (sequence == "\xE2\x80\xA9") return 0x2029;
  return 0;
}

// The bytes that need no escape in a JSON string or a log line. A table, because it is read for
// every byte that is logged.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();
bool IsPlain(char c) { return kPlain[static_cast<uint8_t>(c)]; }

bool IsWord(char c) { return IsPlain(c) && c != ' ' && c != '='; }

}  // namespace

void AppendJsonString(std::string_view bytes, std::string* out) {
  out->push_back('"');
  for (size_t i = 0; i < bytes.size();) {
    size_t plain = i;
    while (plain < bytes.size() && IsPlain(bytes[plain])) ++plain;
    out->append(bytes.substr(i, plain - i));
    i = plain;
    if (i == bytes.size()) break;

    const size_t length = Utf8SequenceLength(bytes, i);
    if (length == 0) {
      out->append(kUtf8Replacement);
      ++i;
      continue;
    }
    const std::string_view sequence = bytes.substr(i, length);
    if (length == 1) {
      AppendAsciiEscape(sequence[0], out);
    } else if (const unsigned code_point = UnwantedCodePoint(sequence)) {
      AppendUnicodeEscape(code_point, out);
    } else {
      out->append(sequence);
    }
    i += length;
  }
  out->push_back('"');
}

void AppendTextValue(std::string_view bytes, std::string* out) {
  if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), IsWord)) {
    out->append(bytes);
  } else {
    AppendJsonString(bytes, out);
  }
}

}  // namespace mantlet::base
