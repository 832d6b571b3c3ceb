// The content of the short responses that mantlet gives itself, in every version of HTTP. Pure; any
// thread.

#ifndef MANTLET_PROXY_HTTP_LOCAL_REPLY_H_
#define MANTLET_PROXY_HTTP_LOCAL_REPLY_H_

#include <string>
#include <string_view>

namespace mantlet::http {

// Precedes each sentence, so that a client knows that it does not come from the application.
inline constexpr std::string_view kLocalReplyPrefix = "mantlet: ";
inline constexpr std::string_view kLocalReplyType = "text/plain; charset=utf-8";

// The seconds after which a client may try again what mantlet refused with 503 (RFC 9110 section
// 10.2.3): each of its reasons passes by itself, and clients add their own delays.
inline constexpr int kUnavailable = 503;
inline constexpr std::string_view kRetryAfter = "1";

// Returns "mantlet: <text>" as a line; an empty text is the status's reason phrase.
std::string LocalReplyContent(int status, std::string_view text);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_LOCAL_REPLY_H_
