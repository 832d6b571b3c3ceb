#include "proxy/upstream/health.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::upstream {
namespace {

using config::HealthType;

// A message of gRPC: not compressed, its length, and no field, because the empty service name asks
// about the whole server (grpc.health.v1.HealthCheckRequest).
constexpr std::string_view kGrpcRequest("\0\0\0\0\0", 5);
// grpc.health.v1.HealthCheckResponse with status = SERVING.
constexpr std::string_view kGrpcServing("\0\0\0\0\2\x08\x01", 7);
// The content of an HTTP response is not used; this much is read, so that it can be complete.
constexpr size_t kMostContent = size_t{1024} * 1024;

}  // namespace

SingleRequest::Request HealthRequest(const config::Upstream& upstream, const std::string& host) {
  SingleRequest::Request request;
  request.host = host;
  request.most_content = kMostContent;
  request.timeout_ms = upstream.health.timeout.count();
  if (upstream.health.type == HealthType::kGrpc) {
    request.http2 = request.grpc = true;
    request.method = http::Method::kPost;
    request.method_text = "POST";
    request.path = "/grpc.health.v1.Health/Check";
    request.fields = {{"content-type", "application/grpc"}, {"te", "trailers"}};
    request.content = std::string(kGrpcRequest);
  } else {
    request.http2 = upstream.protocol == config::UpstreamProtocol::kH2c;
    request.path = upstream.health.path;
  }
  request.fields.emplace_back("user-agent", "mantlet-health");
  return request;
}

std::string HealthFault(HealthType type, const SingleRequest::Response& response) {
  if (response.error) return response.error->detail;
  if (type == HealthType::kGrpc) {
    if (response.status != 200) return absl::StrCat("HTTP status ", response.status);
    if (response.grpc_status != "0") return absl::StrCat("gRPC status ", response.grpc_status);
    return response.content == kGrpcServing ? "" : "the gRPC server does not report SERVING";
  }
  if (response.status >= 200 && response.status < 400) return "";
  return absl::StrCat("HTTP status ", response.status);
}

bool HealthState::OnResult(bool good) {
  bad_results_ = good ? 0 : bad_results_ + 1;
  if (!good && health_ == Health::kHealthy && bad_results_ < kBadResults) return false;
  return std::exchange(health_, good ? Health::kHealthy : Health::kUnhealthy) != health_;
}

}  // namespace mantlet::upstream
