#include "proxy/observe/endpoint.h"
#include "proxy/observe/endpoint_reply.h"

namespace mantlet::observe {
namespace {

EndpointResponse Readiness(const StatusSource& status) {
  const std::vector<std::string> missing = status.MissingForReadiness();
  EndpointResponse response = TextReply(missing.empty() ? 200 : 503, "");
  response.body = missing.empty() ? "ready\n" : "not ready\n";
  for (const std::string& sentence : missing) response.body += "- " + sentence + "\n";
  // A rejected reload does not affect readiness, because the old files stay in use; but it is shown
  // here.
  const std::string failure = status.LastReloadFailure();
  if (!failure.empty()) {
    response.body += "Some files on disk are not in use: " + failure;
    if (failure.back() != '\n') response.body += '\n';
  }
  for (const std::string& note : status.Notes()) response.body += "note: " + note + "\n";
  return response;
}

}  // namespace

bool HandleProbe(const StatusSource& status, const EndpointRequest& request,
                 EndpointResponse* response) {
  const bool is_metrics = request.path == "/metrics";
  const bool is_health = request.path == "/healthz";
  if (!is_metrics && !is_health && request.path != "/readyz") return false;
  if (!IsRead(request)) {
    *response = MethodNotAllowed("GET, HEAD");
  } else if (is_metrics) {
    return false;  // answered by DeferMetricsRequest()
  } else if (is_health) {
    *response = TextReply(200, "ok\n");
  } else {
    *response = Readiness(status);
  }
  return true;
}

bool DeferMetricsRequest(StatusSource& status, const EndpointRequest& request,
                         std::function<void(const EndpointResponse&)> respond) {
  if (request.path != "/metrics" || !IsRead(request)) return false;
  const Exposition form =
      request.headers == nullptr ? Exposition() : ChooseExposition(*request.headers);
  status.MetricsText(form, [respond = std::move(respond), head = request.method == "HEAD"](
                               const std::string& text, const Exposition& sent) {
    EndpointResponse response = TextReply(200, text);
    response.content_type = ContentTypeOf(sent);
    if (sent.gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    response = WithCommonFields(std::move(response));
    if (head) response.body.clear();
    respond(response);
  });
  return true;
}

EndpointResponse HandleMetricsRequest(const StatusSource& status, const EndpointRequest& request) {
  EndpointResponse response = NotFound();
  HandleProbe(status, request, &response);
  return Finish(request, std::move(response));
}

}  // namespace mantlet::observe
