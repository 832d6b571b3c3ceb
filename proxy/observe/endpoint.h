// The handlers of the metrics and admin endpoints are pure functions from a request to a response.
// server/endpoint_server reads and writes the sockets. Handlers have no state and run on the main
// thread.

#ifndef MANTLET_PROXY_OBSERVE_ENDPOINT_H_
#define MANTLET_PROXY_OBSERVE_ENDPOINT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/observe/exposition.h"

namespace mantlet::http {
class HeaderList;
}

namespace mantlet::observe {

struct EndpointRequest {
  std::string_view method;
  std::string_view path;   // before the '?'
  std::string_view query;  // after it
  std::string_view body;
  // Header fields that show whether a web page caused a browser to send the request.
  std::optional<std::string_view> host;
  std::optional<std::string_view> origin;
  std::optional<std::string_view> sec_fetch_site;
  // The request came over a Unix socket, where Host has no meaning.
  bool over_unix_socket = false;
  // All header fields. Null in tests of handlers that do not use them.
  const http::HeaderList* headers = nullptr;
};

struct EndpointResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type, Content-Length
  std::string body;                                          // empty for HEAD
  size_t content_length = 0;  // the content length of GET, also for HEAD
};

// StatusSource provides the handlers with the values of every page and the actions of every POST.
// proxy/server implements it. Called on the main thread; does not block.
class StatusSource {
 public:
  virtual ~StatusSource() = default;

  // Returns the reasons why the process is not ready, one sentence each; empty if it is ready.
  virtual std::vector<std::string> MissingForReadiness() const = 0;
  // Returns which files the last reload did not use, and why; empty if it used all.
  virtual std::string LastReloadFailure() const = 0;
  // Returns notes for the operator that do not affect readiness, one sentence each, such as an
  // upstream whose name cannot be resolved.
  virtual std::vector<std::string> Notes() const = 0;

  // Documents that may take long are passed to a function, which is called once.
  using Answer = std::function<void(const std::string& text)>;
  // `form` is what is asked for; the answer tells which form the text has.
  using MetricsAnswer = std::function<void(const std::string& text, const Exposition& form)>;
  virtual void MetricsText(const Exposition& form, MetricsAnswer answer) = 0;
  // JSON documents.
  virtual void CertificatesJson(Answer answer) = 0;
  virtual std::string ConfigJson() const = 0;  // the effective configuration, without secrets
  virtual void ConnectionsJson(Answer answer) = 0;

  // "mantlet 0.1.0 (abc1234)", and the time since the start.
  virtual std::string Version() const = 0;
  virtual int64_t UptimeSeconds() const = 0;

  // Loads the files again. Calls `done` once when that has ended, with the problems as text, which
  // is empty if there are none.
  virtual void Reload(Answer done) = 0;
  // Begins the drain; does not wait for it.
  virtual void DrainNow() = 0;

  virtual std::string LogLevel() const = 0;
  // Returns false if `level` is not the name of a level.
  virtual bool SetLogLevel(std::string_view level) = 0;
};

// Handles GET and HEAD of /healthz and /readyz. Those of /metrics are answered by
// DeferMetricsRequest(), which must be called first.
EndpointResponse HandleMetricsRequest(const StatusSource& status, const EndpointRequest& request);

// Handles GET and HEAD of /, /certs, /config, /connections, /log-level and of the paths of the
// metrics endpoint; POST to /reload, /drain and /log-level.
//
// Two rules protect this port from web pages in a browser on the same machine:
// - Every request over TCP must name a loopback host ("localhost", 127.0.0.0/8, [::1], with any
//   port) in Host, or it gets 403. This defeats DNS rebinding.
// - A POST with Origin or Sec-Fetch-Site comes from a browser and gets 403. Browsers
//   send them with every POST, and pages cannot remove them; curl and other tools
//   send neither.
//
// POST /reload and GET and HEAD of /certs, /connections and /metrics are answered by
// DeferAdminRequest(), which must be called first.
EndpointResponse HandleAdminRequest(StatusSource& status, const EndpointRequest& request);

// Take over a request whose response has to wait, and return true. Then `respond` is called once,
// maybe before the return.
bool DeferMetricsRequest(StatusSource& status, const EndpointRequest& request,
                         std::function<void(const EndpointResponse&)> respond);
bool DeferAdminRequest(StatusSource& status, const EndpointRequest& request,
                       std::function<void(const EndpointResponse&)> respond);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_ENDPOINT_H_
