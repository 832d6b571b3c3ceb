// Functions that create the replies of both endpoint handlers. Private to proxy/observe; pure.

#ifndef MANTLET_PROXY_OBSERVE_ENDPOINT_REPLY_H_
#define MANTLET_PROXY_OBSERVE_ENDPOINT_REPLY_H_

#include <string>
#include <string_view>
#include <utility>

#include "proxy/observe/endpoint.h"

namespace mantlet::observe {

inline EndpointResponse TextReply(int status, std::string body) {
  EndpointResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

inline EndpointResponse JsonReply(std::string body) {
  EndpointResponse response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

inline EndpointResponse NotFound() { return TextReply(404, "Not found.\n"); }

// `allow` lists the methods of the path, for the Allow header (RFC 9110 section 15.5.6).
inline EndpointResponse MethodNotAllowed(std::string_view allow) {
  EndpointResponse response =
      TextReply(405, "This path supports " + std::string(allow) + " only.\n");
  response.headers.emplace_back("Allow", allow);
  return response;
}

inline bool IsRead(const EndpointRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Adds the header fields that every response has.
inline EndpointResponse WithCommonFields(EndpointResponse response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.content_length = response.body.size();
  return response;
}

// The last step of each handler.
inline EndpointResponse Finish(const EndpointRequest& request, EndpointResponse response) {
  response = WithCommonFields(std::move(response));
  if (request.method == "HEAD") response.body.clear();
  return response;
}

// Handles /healthz and /readyz, and rejects other methods of /metrics. Returns false if `request`
// is for another path.
bool HandleProbe(const StatusSource& status, const EndpointRequest& request,
                 EndpointResponse* response);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_ENDPOINT_REPLY_H_
