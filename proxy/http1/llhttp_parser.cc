#include "proxy/http1/llhttp_parser.h"

#include "proxy/http/tokens.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

// Returns the error text for a field name that contains `c`.
std::string_view HeaderReason(char c) {
  if (c == ' ' || c == '\t') return "white space in a header field's name or before its colon";
  if (c == '\r') return "a header line without a colon";
  return "an invalid character in the name of a header field";
}

// Returns the error for bytes that llhttp rejects and the scanners accept, with a text for
// operators; llhttp's own texts are for its users. `at` is the byte at which llhttp stopped.
ParseError ErrorOf(llhttp_errno_t code, char at) {
  switch (code) {
    case HPE_PAUSED_H2_UPGRADE:
    case HPE_INVALID_VERSION:
      return {ErrorReason::kVersionNotSupported, "HTTP version not supported"};
    case HPE_INVALID_HEADER_TOKEN:
      return {ErrorReason::kBadRequest, HeaderReason(at)};
    case HPE_INVALID_CONTENT_LENGTH:
      return {ErrorReason::kBadRequest, "a malformed Content-Length"};
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return {ErrorReason::kBadRequest,
              "both Transfer-Encoding and Content-Length, or one of them twice"};
    case HPE_INVALID_TRANSFER_ENCODING:
      return {ErrorReason::kBadRequest, "a Transfer-Encoding other than chunked"};
    case HPE_INVALID_CHUNK_SIZE:
      return {ErrorReason::kBadRequest, "a chunk size that is not a hexadecimal number"};
    case HPE_STRICT:
      return {ErrorReason::kBadRequest, "a malformed chunk extension"};
    default:
      return {ErrorReason::kBadRequest, "the message is ambiguous"};
  }
}

}  // namespace

LlhttpParser& LlhttpParser::Self(llhttp_t* parser) {
  return *static_cast<LlhttpParser*>(parser->data);
}

llhttp_settings_t LlhttpParser::MakeSettings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).output_.target.append(at, size);
    return 0;
  };
  settings.on_status = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).output_.reason.append(at, size);
    return 0;
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).field_open_ = true;
    Self(p).section().AppendName({at, size});
    return 0;
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t size) {
    // EndField() has already completed this field, but llhttp reports its empty value only now.
    if (!Self(p).field_open_) return size == 0 ? 0 : static_cast<int>(HPE_USER);
    Self(p).section().AppendValue({at, size});
    return 0;
  };
  settings.on_header_value_complete = [](llhttp_t* p) {
    Self(p).EndField();
    return 0;
  };
  settings.on_headers_complete = [](llhttp_t* p) {
    Self(p).headers_complete_ = true;
    // Upgrades are handled by the callers; llhttp continues as if there was none.
    p->upgrade = 0;
    return 0;
  };
  settings.on_body = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).body_bytes_ += size;
    Self(p).output_.body.OnParserBody({at, size});
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* p) {
    Self(p).message_complete_ = true;
    return 0;
  };
  return settings;
}

const llhttp_settings_t& LlhttpParser::Settings() {
  static const llhttp_settings_t settings = MakeSettings();
  return settings;
}

LlhttpParser::LlhttpParser(MessageKind kind, const Output& output) : output_(output), kind_(kind) {
  llhttp_init(&parser_, kind == MessageKind::kRequest ? HTTP_REQUEST : HTTP_RESPONSE, &Settings());
  parser_.data = this;
}

void LlhttpParser::FinishField() {
  field_open_ = false;
  http::HeaderList& list = section();
  list.Finish();
  const http::HeaderView field = list[list.size() - 1];
  // The name of a field with an id of its own is a token.
  if (field.id == http::HeaderId::kOther && !http::IsToken(field.name)) bad_name_ = true;
}

void LlhttpParser::Begin() {
  llhttp_reset(&parser_);
  field_open_ = false;
  bad_name_ = false;
  headers_complete_ = false;
  message_complete_ = false;
  body_bytes_ = 0;
  error_ = {};
}

bool LlhttpParser::FeedStartLine(std::string_view line) {
  if (kind_ == MessageKind::kResponse) return Feed(line);
  return Feed("POST") && Feed(line.substr(line.find(' ')));
}

bool LlhttpParser::Feed(std::string_view bytes) {
  const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (code == HPE_OK) return true;
  // llhttp stops after every 101, and such a message has no more bytes.
  const char* position = llhttp_get_error_pos(&parser_);
  const bool at_end = position == bytes.data() + bytes.size();
  if (code == HPE_PAUSED_UPGRADE && headers_complete_ && at_end) return true;
  error_ = ErrorOf(code, position == nullptr || at_end ? '\0' : *position);
  return false;
}

}  // namespace mantlet::http1
