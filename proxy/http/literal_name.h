// LiteralName is the name of a field that mantlet writes itself, in both forms that HTTP has: as
// HTTP/1 messages usually have it, and in lower case for HTTP/2 (RFC 9113 section 8.2). Its text is
// a string literal. Pure values.

#ifndef MANTLET_PROXY_HTTP_LITERAL_NAME_H_
#define MANTLET_PROXY_HTTP_LITERAL_NAME_H_

#include <string_view>

namespace mantlet::http {

struct LiteralName {
  std::string_view text;
  std::string_view lower_case;
};

inline constexpr LiteralName kXForwardedFor = {"X-Forwarded-For", "x-forwarded-for"};
inline constexpr LiteralName kXForwardedHost = {"X-Forwarded-Host", "x-forwarded-host"};
inline constexpr LiteralName kXForwardedProto = {"X-Forwarded-Proto", "x-forwarded-proto"};
inline constexpr LiteralName kXForwardedClientCert = {"x-forwarded-client-cert",
                                                      "x-forwarded-client-cert"};
inline constexpr LiteralName kVary = {"Vary", "vary"};

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_LITERAL_NAME_H_
