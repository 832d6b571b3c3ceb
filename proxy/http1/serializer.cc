#include "proxy/http1/serializer.h"

#include "proxy/http/status.h"
#include "proxy/http1/field_text.h"

namespace mantlet::http1 {
namespace {

void AppendHead(std::string& out, int status, std::string_view content_type, size_t size,
                std::string_view connection, std::string_view extra_headers) {
  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<uint64_t>(status));
  out.append(" ").append(http::ReasonPhrase(status));
  out.append("\r\nContent-Type: ").append(content_type);
  out.append("\r\nContent-Length: ");
  AppendNumber(out, size);
  out.append("\r\n").append(extra_headers).append(connection).append("\r\n");
}

}  // namespace

std::string_view ConnectionLine(bool keep_alive, http::Version client_version) {
  if (!keep_alive) return "Connection: close\r\n";
  return client_version == http::Version::kHttp10 ? "Connection: keep-alive\r\n" : "";
}

void AppendChunkHeader(std::string& out, uint64_t size) {
  AppendNumber(out, size, 16);
  out.append("\r\n");
}

void AppendLastChunk(std::string& out, std::string_view trailers) {
  out.append("0\r\n").append(trailers).append("\r\n");
}

size_t AppendErrorResponse(std::string& out, const ErrorResponse& response) {
  constexpr std::string_view kPrefix = "mantlet: ";
  const std::string_view reason =
      response.reason.empty() ? http::ReasonPhrase(response.status) : response.reason;
  const size_t size = kPrefix.size() + reason.size() + 1;
  AppendHead(out, response.status, "text/plain; charset=utf-8", size,
             ConnectionLine(response.keep_alive, response.client_version), response.extra_headers);
  if (response.head_request) return 0;
  out.append(kPrefix).append(reason).append("\n");
  return size;
}

}  // namespace mantlet::http1
