#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/http/authority.h"
#include "proxy/observe/endpoint.h"
#include "proxy/observe/endpoint_reply.h"

namespace mantlet::observe {
namespace {

// Returns whether `name` is a dotted quad within 127.0.0.0/8, which no DNS name can look like.
bool IsLoopbackV4(std::string_view name) {
  if (!name.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : name) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3 && name.back() != '.';
}

bool NamesLoopback(std::string_view host) {
  const std::string name = http::HostName(host);
  return name == "localhost" || name == "[::1]" || IsLoopbackV4(name);
}

// Applies the rules of endpoint.h for web pages. Returns nullopt if the request is allowed.
std::optional<EndpointResponse> RefuseBrowserTricks(const EndpointRequest& request) {
  if (!request.over_unix_socket && !(request.host && NamesLoopback(*request.host))) {
    return TextReply(
        403, "The Host of a request must be a loopback name: localhost, 127.0.0.1 or [::1].\n");
  }
  if (request.method == "POST" && (request.origin || request.sec_fetch_site)) {
    return TextReply(403,
                     "Requests from web pages are rejected. Use curl or another tool that sends "
                     "neither Origin nor Sec-Fetch-Site.\n");
  }
  return std::nullopt;
}

std::string HtmlText(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string Link(std::string_view path, std::string_view what) {
  return "<li><a href=\"" + std::string(path) + "\">" + std::string(path) + "</a> " +
         std::string(what) + "\n";
}

EndpointResponse Overview(const StatusSource& status) {
  const std::vector<std::string> missing = status.MissingForReadiness();
  const std::string failure = status.LastReloadFailure();
  EndpointResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; frame-ancestors 'none'");
  std::string& page = response.body;
  page = "<!doctype html>\n<html lang=\"en\"><title>mantlet</title>\n<h1>" +
         HtmlText(status.Version()) + "</h1>\n<p>" + (missing.empty() ? "Ready" : "Not ready") +
         ", up for " + base::DurationText(status.UptimeSeconds() * 1000) + ", log level " +
         HtmlText(status.LogLevel()) + ".\n";
  if (!missing.empty()) {
    page += "<ul>\n";
    for (const std::string& sentence : missing) page += "<li>" + HtmlText(sentence) + "\n";
    page += "</ul>\n";
  }
  if (!failure.empty()) {
    page += "<p>Some files on disk are not in use: " + HtmlText(failure) + "\n";
  }
  for (const std::string& note : status.Notes()) page += "<p>" + HtmlText(note) + "\n";
  page += "<h2>Read</h2>\n<ul>\n" + Link("/certs", "certificates, trust anchors and CRLs") +
          Link("/config", "the configuration in effect") +
          Link("/connections", "open connections") + Link("/log-level", "the log level") +
          Link("/metrics", "metrics") + Link("/healthz", "liveness") +
          Link("/readyz", "readiness, with reasons") + "</ul>\n";
  page +=
      "<h2>Actions</h2>\n<pre>\ncurl -X POST http://ADDRESS/reload              reload "
      "configuration and certificates\ncurl -X POST http://ADDRESS/drain               stop "
      "accepting, finish open requests, exit\ncurl -X POST http://ADDRESS/log-level -d debug  "
      "debug, info, warn or error\n</pre>\n</html>\n";
  return response;
}

EndpointResponse ReloadReply(const std::string& problem) {
  if (problem.empty()) return TextReply(200, "Reloaded.\n");
  return TextReply(
      500, "Some files on disk are not in use: " + problem + (problem.back() == '\n' ? "" : "\n"));
}

EndpointResponse Drain(StatusSource& status) {
  status.DrainNow();
  return TextReply(202, "Draining.\n");
}

// Returns the requested level: the body, either plain or as a form's "level=debug", or the query
// ?level=debug.
std::string_view RequestedLevel(const EndpointRequest& request) {
  std::string_view level = request.body.empty() ? request.query : request.body;
  if (level.starts_with("level=")) level.remove_prefix(6);
  while (!level.empty() && (level.back() == '\n' || level.back() == '\r' || level.back() == ' ')) {
    level.remove_suffix(1);
  }
  return level;
}

EndpointResponse LogLevelReply(const StatusSource& status) {
  return JsonReply(nlohmann::json{{"level", status.LogLevel()}}.dump() + "\n");
}

EndpointResponse ChangeLogLevel(StatusSource& status, const EndpointRequest& request) {
  if (!status.SetLogLevel(RequestedLevel(request))) {
    return TextReply(400, "The body must be one of: debug, info, warn, error.\n");
  }
  return LogLevelReply(status);
}

EndpointResponse Read(const StatusSource& status, std::string_view path) {
  if (path == "/") return Overview(status);
  if (path == "/config") return JsonReply(status.ConfigJson());
  return LogLevelReply(status);
}

EndpointResponse Do(StatusSource& status, const EndpointRequest& request) {
  if (request.path == "/drain") return Drain(status);
  return ChangeLogLevel(status, request);
}

struct Path {
  std::string_view path;
  bool readable;  // false if the response is deferred
  bool doable;    // the same for POST
  std::string_view allow;
};
constexpr Path kPaths[] = {
    {"/", true, false, "GET, HEAD"},
    {"/certs", false, false, "GET, HEAD"},
    {"/config", true, false, "GET, HEAD"},
    {"/connections", false, false, "GET, HEAD"},
    {"/log-level", true, true, "GET, HEAD, POST"},
    {"/reload", false, false, "POST"},
    {"/drain", false, true, "POST"},
};

EndpointResponse Answer(StatusSource& status, const EndpointRequest& request) {
  if (std::optional<EndpointResponse> refusal = RefuseBrowserTricks(request)) return *refusal;
  EndpointResponse response;
  if (HandleProbe(status, request, &response)) return response;
  for (const Path& path : kPaths) {
    if (path.path != request.path) continue;
    if (path.readable && IsRead(request)) return Read(status, request.path);
    if (path.doable && request.method == "POST") return Do(status, request);
    return MethodNotAllowed(path.allow);
  }
  return NotFound();
}

}  // namespace

bool DeferAdminRequest(StatusSource& status, const EndpointRequest& request,
                       std::function<void(const EndpointResponse&)> respond) {
  if (RefuseBrowserTricks(request)) return false;
  if (request.path == "/metrics") return DeferMetricsRequest(status, request, std::move(respond));
  if (request.method == "POST" && request.path == "/reload") {
    status.Reload([respond = std::move(respond)](const std::string& problem) {
      respond(WithCommonFields(ReloadReply(problem)));
    });
    return true;
  }
  if (!IsRead(request) || (request.path != "/certs" && request.path != "/connections")) {
    return false;
  }
  auto answer = [respond = std::move(respond),
                 head = request.method == "HEAD"](const std::string& text) {
    EndpointResponse response = WithCommonFields(JsonReply(text));
    if (head) response.body.clear();
    respond(response);
  };
  if (request.path == "/certs") {
    status.CertificatesJson(std::move(answer));
  } else {
    status.ConnectionsJson(std::move(answer));
  }
  return true;
}

EndpointResponse HandleAdminRequest(StatusSource& status, const EndpointRequest& request) {
  return Finish(request, Answer(status, request));
}

}  // namespace mantlet::observe
