#include "proxy/http/grpc.h"

#include "proxy/http/tokens.h"

namespace mantlet::http {
namespace {

constexpr int kUnknown = 2;
constexpr int kDeadlineExceeded = 4;
constexpr int kPermissionDenied = 7;
constexpr int kResourceExhausted = 8;
constexpr int kUnimplemented = 12;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;
constexpr int kUnauthenticated = 16;

static_assert(kGrpcStatusNames[kUnknown] == "UNKNOWN");
static_assert(kGrpcStatusNames[kDeadlineExceeded] == "DEADLINE_EXCEEDED");
static_assert(kGrpcStatusNames[kPermissionDenied] == "PERMISSION_DENIED");
static_assert(kGrpcStatusNames[kResourceExhausted] == "RESOURCE_EXHAUSTED");
static_assert(kGrpcStatusNames[kUnimplemented] == "UNIMPLEMENTED");
static_assert(kGrpcStatusNames[kInternal] == "INTERNAL");
static_assert(kGrpcStatusNames[kUnavailable] == "UNAVAILABLE");
static_assert(kGrpcStatusNames[kUnauthenticated] == "UNAUTHENTICATED");

}  // namespace

std::string_view GrpcStatusName(int status) {
  return kGrpcStatusNames[static_cast<size_t>(IsKnownGrpcStatus(status) ? status : kUnknown)];
}

bool IsGrpc(std::string_view content_type) {
  constexpr std::string_view kType = "application/grpc";
  if (!EqualsIgnoreCase(content_type.substr(0, kType.size()), kType)) return false;
  const std::string_view rest = content_type.substr(kType.size());
  if (rest.empty() || rest[0] == '+') return true;
  const std::string_view parameters = TrimBlanks(rest);
  return parameters.empty() || parameters[0] == ';';
}

int GrpcStatusOfHttp(int http_status) {
  switch (http_status) {
    case 400:
      return kInternal;
    case 401:
      return kUnauthenticated;
    case 403:
      return kPermissionDenied;
    case 404:
      return kUnimplemented;
    case 408:
    case 504:
      return kDeadlineExceeded;
    case 413:
    case 414:
    case 429:
    case 431:
      return kResourceExhausted;
    case 502:
    case 503:
      return kUnavailable;
    default:
      return kUnknown;
  }
}

std::string GrpcMessage(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string message;
  message.reserve(text.size());
  for (const char c : text) {
    if (c >= 0x20 && c <= 0x7e && c != '%') {
      message.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    message.push_back('%');
    message.push_back(kHex[byte >> 4]);
    message.push_back(kHex[byte & 15]);
  }
  return message;
}

std::optional<int> ParseGrpcStatus(std::string_view value) {
  constexpr size_t kMaxDigits = 9;
  if (value.empty() || value.size() > kMaxDigits) return std::nullopt;
  int status = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace mantlet::http
