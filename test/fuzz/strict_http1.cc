#include "test/fuzz/strict_http1.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace mantlet::fuzz {
namespace {

bool IsTokenChar(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}
// Field content: no control characters but the tab.
bool IsFieldText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}
std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
  }
  return lower;
}
std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
// Digits of `base` only; nothing if there are none or too many.
std::optional<uint64_t> Digits(std::string_view text, unsigned base) {
  if (text.empty() || text.size() > 15) return std::nullopt;
  uint64_t value = 0;
  for (const char c : Lower(text)) {
    const unsigned digit = c >= '0' && c <= '9'   ? c - '0'
                           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                  : 99;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string malformed;
  std::string_view bytes() const { return bytes_; }
  bool at_end() const { return bytes_.empty(); }

  // The next line without its CRLF; nothing if its end has not come.
  std::optional<std::string_view> Line() {
    const size_t end = bytes_.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes_.substr(0, end);
    bytes_.remove_prefix(end + 2);
    return line;
  }
  // Reads field lines and the empty one. Returns whether all have come.
  bool Fields(std::vector<std::pair<std::string, std::string>>& fields) {
    while (const std::optional<std::string_view> line = Line()) {
      if (line->empty()) return true;
      const size_t colon = line->find(':');
      if (colon == std::string_view::npos || !IsToken(line->substr(0, colon)) ||
          !IsFieldText(*line)) {
        return Fail("a field line", *line);
      }
      fields.emplace_back(Lower(line->substr(0, colon)), Trim(line->substr(colon + 1)));
    }
    return false;
  }
  std::string_view Take(uint64_t most) {
    const std::string_view taken = bytes_.substr(0, most);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  bool Chunked(Message& message) {
    while (const std::optional<std::string_view> line = Line()) {
      const std::string_view size_text = line->substr(0, line->find_first_of("; \t"));
      const std::optional<uint64_t> size = Digits(size_text, 16);
      if (!size || !IsFieldText(*line)) return Fail("a chunk", *line);
      if (*size == 0) {
        std::vector<std::pair<std::string, std::string>> trailers;
        return Fields(trailers);
      }
      const std::string_view data = Take(*size);
      message.content += data;
      if (data.size() < *size || bytes_.size() < 2) return false;
      if (Take(2) != "\r\n") return Fail("the end of a chunk", line.value());
    }
    return false;
  }
  // Reads the content by Content-Length or Transfer-Encoding. Returns whether it is complete.
  bool Framed(Message& message) {
    const size_t lengths = message.Count("content-length");
    const size_t encodings = message.Count("transfer-encoding");
    if (lengths + encodings > 1) return Fail("two framings", {});
    if (encodings == 1) {
      if (Lower(message.Get("transfer-encoding")) != "chunked" || message.minor == 0) {
        return Fail("a transfer coding", message.Get("transfer-encoding"));
      }
      return Chunked(message);
    }
    const std::optional<uint64_t> length = Digits(message.Get("content-length"), 10);
    if (!length) return Fail("Content-Length", message.Get("content-length"));
    message.content = Take(*length);
    return message.content.size() == *length;
  }
  bool Fail(std::string_view what, std::string_view where) {
    malformed = std::string(what) + ": " + std::string(where);
    return false;
  }

 private:
  std::string_view bytes_;
};

bool HasFraming(const Message& message) {
  return message.Count("content-length") + message.Count("transfer-encoding") > 0;
}

// Returns whether the head is complete.
bool RequestHead(Reader& reader, Message& message) {
  const std::optional<std::string_view> line = reader.Line();
  if (!line) return false;
  const size_t first = line->find(' '), last = line->rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return reader.Fail("a request line", *line);
  }
  message.method = line->substr(0, first);
  message.target = line->substr(first + 1, last - first - 1);
  const std::string_view version = line->substr(last + 1);
  const bool visible = std::all_of(message.target.begin(), message.target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7f; });
  if (!IsToken(message.method) || message.target.empty() || !visible ||
      (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return reader.Fail("a request line", *line);
  }
  message.minor = version.back() - '0';
  if (!reader.Fields(message.fields)) return false;
  const size_t hosts = message.Count("host");
  if (hosts > 1 || (hosts == 0 && message.minor == 1)) return reader.Fail("Host", *line);
  return true;
}

bool ResponseHead(Reader& reader, Message& message) {
  const std::optional<std::string_view> line = reader.Line();
  if (!line) return false;
  const uint64_t status = line->size() < 12 ? 0 : Digits(line->substr(9, 3), 10).value_or(0);
  const bool versioned = line->starts_with("HTTP/1.1 ") || line->starts_with("HTTP/1.0 ");
  if (!versioned || status < 100 || (line->size() > 12 && (*line)[12] != ' ') ||
      !IsFieldText(*line)) {
    return reader.Fail("a status line", *line);
  }
  message.status = static_cast<int>(status);
  message.minor = (*line)[7] - '0';
  return reader.Fields(message.fields);
}

}  // namespace

std::string Message::Get(std::string_view name) const {
  if (Count(name) != 1) return "";
  return std::find_if(fields.begin(), fields.end(),
                      [&](const auto& field) { return field.first == name; })
      ->second;
}

size_t Message::Count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(fields.begin(), fields.end(),
                                           [&](const auto& field) { return field.first == name; }));
}

Messages ReadRequests(std::string_view bytes, bool (*last)(const Message&)) {
  Reader reader(bytes);
  Messages messages;
  while (!reader.at_end() && reader.malformed.empty()) {
    Message message;
    if (!RequestHead(reader, message)) break;
    message.complete = !HasFraming(message) || reader.Framed(message);
    messages.read.push_back(message);
    if (!message.complete || (last != nullptr && last(message))) break;
  }
  messages.malformed = reader.malformed;
  messages.rest = reader.bytes();
  return messages;
}

Messages ReadResponses(std::string_view bytes, const std::vector<std::string>& methods,
                       bool ended) {
  Reader reader(bytes);
  Messages messages;
  size_t number = 0;  // of final responses
  while (!reader.at_end() && reader.malformed.empty()) {
    Message message;
    if (!ResponseHead(reader, message)) break;
    const bool interim = message.status < 200;
    const bool head = number < methods.size() && methods[number] == "HEAD";
    if (interim || head || message.status == 204 || message.status == 304) {
      message.complete = true;
    } else if (HasFraming(message)) {
      message.complete = reader.Framed(message);
    } else {
      message.until_close = true;
      message.content = reader.Take(SIZE_MAX);
      message.complete = ended;
    }
    messages.read.push_back(message);
    if (!interim) ++number;
    if (!message.complete || message.status == 101) break;
  }
  messages.malformed = reader.malformed;
  messages.rest = reader.bytes();
  return messages;
}

}  // namespace mantlet::fuzz
