// The handlers of the metrics and admin endpoints, as pure functions: a request as values in, a
// response as values out. server/endpoint_server reads and writes the sockets. Handlers keep no
// state; main thread.

#ifndef MANTLET_PROXY_OBSERVE_ENDPOINT_H_
#define MANTLET_PROXY_OBSERVE_ENDPOINT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::http {
class HeaderList;
}

namespace mantlet::observe {

struct EndpointRequest {
  std::string_view method;
  std::string_view path;   // before the '?'
  std::string_view query;  // after it
  std::string_view body;
  // Header fields that show whether a web page made a browser send this.
  std::optional<std::string_view> host;
  std::optional<std::string_view> origin;
  std::optional<std::string_view> sec_fetch_site;
  // It came over a Unix socket, where Host says nothing.
  bool over_unix_socket = false;
  // All header fields. Null in tests of handlers that do not use them.
  const http::HeaderList* headers = nullptr;
};

struct EndpointResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type, Content-Length
  std::string body;                                          // empty for HEAD
  size_t content_length = 0;                                 // for HEAD too: what GET would send
};

// StatusSource gives the handlers everything that a page shows and a POST does. Implemented by
// proxy/server; called on the main thread; does not block.
class StatusSource {
 public:
  virtual ~StatusSource() = default;

  // What keeps the process from being ready, one sentence each; empty = ready.
  virtual std::vector<std::string> MissingForReadiness() const = 0;
  // What on disk the last reload did not use, and why; empty if there is nothing.
  virtual std::string LastReloadFailure() const = 0;
  // What an operator should know although the process is ready, one sentence each: an upstream
  // whose name cannot be resolved.
  virtual std::vector<std::string> Notes() const = 0;
  virtual std::string MetricsText() const = 0;

  // JSON documents.
  virtual std::string CertificatesJson() const = 0;
  virtual std::string ConfigJson() const = 0;  // the effective configuration, secrets left out
  virtual std::string ConnectionsJson() const = 0;

  // "mantlet 0.1.0 (abc1234)", and how long it has been up.
  virtual std::string Version() const = 0;
  virtual int64_t UptimeSeconds() const = 0;

  // Reloads now. Returns what is wrong, or an empty string.
  virtual std::string ReloadNow() = 0;
  // Begins the drain; does not wait for it.
  virtual void DrainNow() = 0;

  virtual std::string LogLevel() const = 0;
  // Returns false if `level` is not the name of a level.
  virtual bool SetLogLevel(std::string_view level) = 0;
};

// GET and HEAD of /metrics, /healthz, /readyz.
EndpointResponse HandleMetricsRequest(const StatusSource& status, const EndpointRequest& request);

// GET and HEAD of /, /certs, /config, /connections, /log-level, and of what the
// metrics listener has; POST to /reload, /drain, /log-level.
//
// Against web pages that make a browser on the same machine call this port:
// - Every request over TCP must name a loopback host ("localhost", 127.0.0.0/8,
//   [::1], with any port) in Host, which defeats DNS rebinding; otherwise 403.
// - A POST that carries Origin or Sec-Fetch-Site comes from a browser and gets
//   403. Browsers send them with every POST and pages cannot take them off; curl
//   and other tools send neither.
EndpointResponse HandleAdminRequest(StatusSource& status, const EndpointRequest& request);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_ENDPOINT_H_
