// Helpers for gRPC over HTTP/2, as far as a proxy has to know it: which messages are gRPC, which
// status a response has, and how a refusal is written. They follow gRPC's documents
// PROTOCOL-HTTP2.md, statuscodes.md and http-grpc-status-mapping.md. Pure; any thread.

#ifndef MANTLET_PROXY_HTTP_GRPC_H_
#define MANTLET_PROXY_HTTP_GRPC_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mantlet::http {

// The names of the status codes; the index is the code.
inline constexpr std::array<std::string_view, 17> kGrpcStatusNames = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};
inline constexpr size_t kGrpcStatusCount = kGrpcStatusNames.size();

// IsKnownGrpcStatus returns whether gRPC defines the code `status`.
constexpr bool IsKnownGrpcStatus(int status) {
  return status >= 0 && static_cast<size_t>(status) < kGrpcStatusCount;
}

// GrpcStatusName returns the name of the code `status`. It returns "UNKNOWN" for any other number,
// because gRPC's libraries give such a status to their users as UNKNOWN.
std::string_view GrpcStatusName(int status);

// IsGrpc returns whether `content_type` is the value of the Content-Type field of a gRPC message:
// application/grpc, with or without a format ("+proto") and parameters. application/grpc-web is
// another protocol and gives false.
bool IsGrpc(std::string_view content_type);

// GrpcStatusOfHttp returns the code for a refusal by mantlet whose HTTP status is `http_status`.
// It is that of http-grpc-status-mapping.md, except that gRPC has better words for limits (413,
// 414, 429, 431: RESOURCE_EXHAUSTED) and deadlines (408, 504: DEADLINE_EXCEEDED).
int GrpcStatusOfHttp(int http_status);

// GrpcMessage returns `text`, which is UTF-8, as a value of grpc-message: every byte except
// printable ASCII, and every "%", is percent-encoded. So the result is a field value in every
// version of HTTP, whatever `text` contains.
std::string GrpcMessage(std::string_view text);

// ParseGrpcStatus returns the number in a value of grpc-status, which need not be a code that gRPC
// defines; nullopt if the value is not a decimal number of one to nine digits.
std::optional<int> ParseGrpcStatus(std::string_view value);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_GRPC_H_
