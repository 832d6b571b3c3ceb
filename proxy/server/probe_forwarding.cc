#include "proxy/server/probe_forwarding.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::server {
namespace {

observe::EndpointResponse Reply(int status, std::string body) {
  observe::EndpointResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

observe::EndpointResponse ReplyOf(upstream::SingleRequest::Response response) {
  if (response.error) {
    const int status = response.error->status() == 0 ? 502 : response.error->status();
    return Reply(
        status,
        absl::StrCat("The application did not answer the probe: ", response.error->detail, ".\n"));
  }
  observe::EndpointResponse reply = Reply(response.status, std::move(response.content));
  if (!response.content_type.empty()) reply.content_type = std::move(response.content_type);
  return reply;
}

// Adds what every response of the endpoint has.
observe::EndpointResponse Finish(observe::EndpointResponse response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.content_length = response.body.size();
  return response;
}

}  // namespace

bool ProbeForwarding::Forward(const std::vector<config::ProbeForward>& rules,
                              const observe::EndpointRequest& request, Done done) {
  const bool head = request.method == "HEAD";
  if ((!head && request.method != "GET") || !request.query.empty() || !request.body.empty()) {
    return false;
  }
  auto rule = std::find_if(rules.begin(), rules.end(),
                           [&](const auto& each) { return each.path == request.path; });
  if (rule == rules.end()) return false;
  const upstream::TargetPtr target = targets_(rule->upstream);
  if (target == nullptr || target->addresses.empty()) {
    done(Finish(Reply(502, "The upstream has no address yet.\n")));
    return true;
  }
  if (in_flight_.size() >= kMostInFlight) {
    done(Finish(Reply(503, "Too many probes are in flight.\n")));
    return true;
  }
  const config::Upstream& config = target->config;
  upstream::SingleRequest::Request probe;
  probe.http2 = config.protocol == config::UpstreamProtocol::kH2c;
  probe.method = head ? http::Method::kHead : http::Method::kGet;
  probe.method_text = std::string(request.method);
  probe.path = rule->path;
  if (config.address.kind == config::Address::Kind::kTcp) probe.host = target->address_text;
  probe.fields = {{"user-agent", "mantlet-probe"}};
  probe.most_content = kMostContent;
  probe.timeout_ms = kTimeoutMs;
  auto place = in_flight_.emplace(in_flight_.end());
  *place = std::make_unique<upstream::SingleRequest>(
      loop_, connector_, target->addresses.front(), std::move(probe),
      [this, place, done = std::move(done)](upstream::SingleRequest::Response response) {
        // The request lives until this call has returned.
        const std::unique_ptr<upstream::SingleRequest> request = std::move(*place);
        in_flight_.erase(place);
        done(Finish(ReplyOf(std::move(response))));
      });
  return true;
}

}  // namespace mantlet::server
