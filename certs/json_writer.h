// Writes JSON text piece by piece; commas are put where they belong. Strings
// may hold any bytes. Not for output that must be fast.

#ifndef MANTLET_CERTS_JSON_WRITER_H_
#define MANTLET_CERTS_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/json_text.h"

namespace mantlet::certs {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }

  // Inside an object: the name of the value that follows.
  JsonWriter& Key(std::string_view name) {
    Separate();
    base::AppendJsonString(name, &text_);
    text_ += ':';
    comma_ = false;
    return *this;
  }
  JsonWriter& String(std::string_view value) {
    Separate();
    base::AppendJsonString(value, &text_);
    return *this;
  }
  JsonWriter& Number(int64_t value) {
    Separate();
    text_ += std::to_string(value);
    return *this;
  }
  JsonWriter& Bool(bool value) {
    Separate();
    text_ += value ? "true" : "false";
    return *this;
  }
  JsonWriter& Strings(const std::vector<std::string>& values) {
    BeginArray();
    for (const std::string& value : values) String(value);
    return EndArray();
  }

  const std::string& text() const { return text_; }

 private:
  // Before every value and key: a comma, unless it is the first of its kind.
  void Separate() {
    if (comma_) text_ += ',';
    comma_ = true;
  }
  JsonWriter& Open(char bracket) {
    Separate();
    text_ += bracket;
    comma_ = false;
    return *this;
  }
  JsonWriter& Close(char bracket) {
    text_ += bracket;
    comma_ = true;
    return *this;
  }

  std::string text_;
  bool comma_ = false;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_JSON_WRITER_H_
