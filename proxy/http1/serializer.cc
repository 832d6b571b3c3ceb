#include "proxy/http1/serializer.h"

#include "proxy/http/local_reply.h"
#include "proxy/http/status.h"
#include "proxy/http1/field_text.h"

namespace mantlet::http1 {
namespace {

// http::kRetryAfter as a field line.
constexpr std::string_view kRetryAfterLine = "Retry-After: 1\r\n";

}  // namespace
namespace {

std::string_view ConnectionLine(bool keep_alive, http::Version client_version) {
  if (!keep_alive) return "Connection: close\r\n";
  return client_version == http::Version::kHttp10 ? "Connection: keep-alive\r\n" : "";
}

}  // namespace

void AppendLocalHead(std::string& out, const LocalHead& head) {
  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<uint64_t>(head.status));
  out.append(" ").append(http::ReasonPhrase(head.status));
  out.append("\r\nContent-Type: ").append(head.content_type);
  out.append("\r\nContent-Length: ");
  AppendNumber(out, head.content_length);
  out.append("\r\n").append(head.extra_fields);
  out.append(ConnectionLine(head.keep_alive, head.client_version)).append("\r\n");
}

void AppendChunkHeader(std::string& out, uint64_t size) {
  AppendNumber(out, size, 16);
  out.append("\r\n");
}

void AppendLastChunk(std::string& out, std::string_view trailers) {
  out.append("0\r\n").append(trailers).append("\r\n");
}

size_t AppendErrorResponse(std::string& out, const ErrorResponse& response) {
  const std::string content = http::LocalReplyContent(response.status, response.reason);
  AppendLocalHead(out,
                  {.status = response.status,
                   .content_type = http::kLocalReplyType,
                   .content_length = content.size(),
                   .extra_fields = response.status == http::kUnavailable ? kRetryAfterLine : "",
                   .keep_alive = response.keep_alive,
                   .client_version = response.client_version});
  if (response.head_request) return 0;
  out.append(content);
  return content.size();
}

}  // namespace mantlet::http1
