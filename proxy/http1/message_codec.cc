#include "proxy/http1/message_codec.h"

#include "proxy/http/tokens.h"

namespace mantlet::http1 {
namespace {

// llhttp knows a list of methods; a token that is none of them is a method that
// we do not implement (RFC 9110 section 15.6.2), all else is a bad message.
ParseError ErrorOf(const llhttp_t& parser, llhttp_errno_t code) {
  switch (code) {
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:  // a method of RTSP: the version was judged before
      return {501, "unknown method"};
    case HPE_PAUSED_H2_UPGRADE:
    case HPE_INVALID_VERSION:
      return {505, "HTTP version not supported"};
    default: {
      // The reasons are literals inside llhttp.
      const char* reason = llhttp_get_error_reason(&parser);
      return {400, reason != nullptr && *reason != '\0' ? reason : "malformed message"};
    }
  }
}

}  // namespace

MessageCodec& MessageCodec::Self(llhttp_t* parser) {
  return *static_cast<MessageCodec*>(parser->data);
}

llhttp_settings_t MessageCodec::MakeSettings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).output_.method.append(at, size);
    return 0;
  };
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
    // Of a field that EndField() has finished there is nothing left, but llhttp tells of an
    // empty value only now.
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
    // What an upgrade means is for others to decide; llhttp goes on as if none
    // had been asked for.
    p->upgrade = 0;
    return 0;
  };
  settings.on_body = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).body_bytes_ += size;
    Self(p).output_.body.OnCodecBody({at, size});
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* p) {
    Self(p).message_complete_ = true;
    return 0;
  };
  return settings;
}

const llhttp_settings_t& MessageCodec::Settings() {
  static const llhttp_settings_t settings = MakeSettings();
  return settings;
}

MessageCodec::MessageCodec(Kind kind, const Output& output) : output_(output) {
  llhttp_init(&parser_, kind == Kind::kRequest ? HTTP_REQUEST : HTTP_RESPONSE, &Settings());
  parser_.data = this;
}

void MessageCodec::FinishField() {
  field_open_ = false;
  http::HeaderList& list = section();
  list.Finish();
  const http::HeaderView field = list[list.size() - 1];
  // A field that is known by its id has the name of one.
  if (field.id == http::HeaderId::kOther && !http::IsToken(field.name)) bad_name_ = true;
}

void MessageCodec::Begin() {
  llhttp_reset(&parser_);
  field_open_ = false;
  bad_name_ = false;
  headers_complete_ = false;
  message_complete_ = false;
  body_bytes_ = 0;
  error_ = {};
}

bool MessageCodec::Feed(std::string_view bytes) {
  const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (code == HPE_OK) return true;
  // llhttp stops behind every 101, and nothing of that message follows.
  const bool at_end = llhttp_get_error_pos(&parser_) == bytes.data() + bytes.size();
  if (code == HPE_PAUSED_UPGRADE && headers_complete_ && at_end) return true;
  error_ = ErrorOf(parser_, code);
  return false;
}

}  // namespace mantlet::http1
