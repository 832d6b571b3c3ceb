#include "proxy/observe/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace mantlet::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

class FakeStatus final : public StatusSource {
 public:
  std::vector<std::string> MissingForReadiness() const override { return missing; }
  std::string LastReloadFailure() const override { return reload_failure; }
  std::vector<std::string> Notes() const override { return notes; }
  void MetricsText(const Exposition& form, MetricsAnswer answer) override {
    answer("mantlet_draining 0\n", form);
  }
  void CertificatesJson(Answer answer) override { answer("{\"page\":\"certs\"}"); }
  std::string ConfigJson() const override { return "{\"page\":\"config\"}"; }
  void ConnectionsJson(Answer answer) override { answer("{\"page\":\"connections\"}"); }
  std::string Version() const override { return "mantlet 0.1.0 <test>"; }
  int64_t UptimeSeconds() const override { return 90; }
  void Reload(Answer done) override {
    ++reloads;
    reload_done = std::move(done);
  }
  void DrainNow() override { ++drains; }
  std::string LogLevel() const override { return level; }
  bool SetLogLevel(std::string_view wanted) override {
    if (wanted != "debug") return false;
    level = wanted;
    return true;
  }

  std::vector<std::string> missing;
  std::string reload_failure;
  std::function<void(const std::string&)> reload_done;
  std::vector<std::string> notes;
  std::string level = "info";
  int reloads = 0;
  int drains = 0;
};

std::string Header(const EndpointResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "(absent)";
}

class EndpointTest : public testing::Test {
 protected:
  static EndpointRequest Request(std::string_view method, std::string_view path,
                                 std::string_view body = "") {
    EndpointRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.host = "localhost:9901";
    return request;
  }
  EndpointResponse Metrics(std::string_view method, std::string_view path) {
    return Metrics(Request(method, path));
  }
  EndpointResponse Metrics(const EndpointRequest& request) {
    std::optional<EndpointResponse> deferred;
    const bool taken = DeferMetricsRequest(
        status_, request, [&](const EndpointResponse& response) { deferred = response; });
    EXPECT_EQ(taken, deferred.has_value());
    return taken ? *deferred : HandleMetricsRequest(status_, request);
  }
  EndpointResponse Admin(const EndpointRequest& request) {
    std::optional<EndpointResponse> deferred;
    const bool taken = DeferAdminRequest(
        status_, request, [&](const EndpointResponse& response) { deferred = response; });
    EXPECT_EQ(taken, deferred.has_value());
    return taken ? *deferred : HandleAdminRequest(status_, request);
  }
  EndpointResponse Admin(std::string_view method, std::string_view path,
                         std::string_view body = "") {
    return Admin(Request(method, path, body));
  }

  FakeStatus status_;
};

TEST_F(EndpointTest, MetricsAreServedAsTheExpositionFormat) {
  const EndpointResponse response = Metrics("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "mantlet_draining 0\n");
  EXPECT_EQ(response.content_length, response.body.size());
}

TEST_F(EndpointTest, NotesDoNotAffectReadiness) {
  status_.notes = {"upstream 'app': cannot resolve <app.test>"};
  EXPECT_EQ(Metrics("GET", "/readyz").status, 200);
  EXPECT_THAT(Metrics("GET", "/readyz").body, HasSubstr("<app.test>"));
  EXPECT_THAT(Admin("GET", "/").body, HasSubstr("&lt;app.test&gt;"));
}

TEST_F(EndpointTest, HeadHasTheHeadersOfGetAndNoBody) {
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/nothing"}) {
    const EndpointResponse get = Metrics("GET", path);
    const EndpointResponse head = Metrics("HEAD", path);
    EXPECT_EQ(head.body, "") << path;
    EXPECT_EQ(head.status, get.status) << path;
    EXPECT_EQ(head.content_length, get.body.size()) << path;
    EXPECT_EQ(head.headers, get.headers) << path;
    EXPECT_EQ(head.content_type, get.content_type) << path;
  }
}

TEST_F(EndpointTest, TheMetricsListenerHasThreePagesAndNothingElse) {
  EXPECT_EQ(Metrics("GET", "/healthz").body, "ok\n");
  for (const char* path : {"/", "", "/certs", "/config", "/connections", "/reload", "/drain",
                           "/log-level", "/metrics/", "/Metrics", "//metrics", "*"}) {
    EXPECT_EQ(Metrics("GET", path).status, 404) << path;
    EXPECT_EQ(Metrics("POST", path).status, 404) << path;
  }
}

TEST_F(EndpointTest, TheMetricsListenerCannotBeWrittenTo) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    const EndpointResponse response = Metrics(method, "/metrics");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(Header(response, "Allow"), "GET, HEAD");
  }
}

TEST_F(EndpointTest, TheMetricsListenerTakesAnyHost) {
  EndpointRequest request = Request("GET", "/metrics");
  request.host = "10.1.2.3:9900";
  EXPECT_EQ(Metrics(request).status, 200);
  request.host = std::nullopt;
  EXPECT_EQ(Metrics(request).status, 200);
}

TEST_F(EndpointTest, ReadyWhenNothingIsMissing) {
  const EndpointResponse response = Metrics("GET", "/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ready\n");
}

TEST_F(EndpointTest, NotReadyListsTheReasons) {
  status_.missing = {"listener public is not bound", "a drain has begun"};
  const EndpointResponse response = Metrics("GET", "/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "not ready\n- listener public is not bound\n- a drain has begun\n");
  EXPECT_EQ(Metrics("GET", "/healthz").status, 200);
}

TEST_F(EndpointTest, AFailedReloadIsReportedButDoesNotAffectReadiness) {
  status_.reload_failure = "/etc/tls.key: key of another certificate";
  const EndpointResponse response = Metrics("GET", "/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("/etc/tls.key: key of another certificate\n"));
}

TEST_F(EndpointTest, TheAdminListenerShowsItsPagesAndTheProbes) {
  EXPECT_EQ(Admin("GET", "/certs").body, "{\"page\":\"certs\"}");
  EXPECT_EQ(Admin("GET", "/config").body, "{\"page\":\"config\"}");
  EXPECT_EQ(Admin("GET", "/connections").body, "{\"page\":\"connections\"}");
  EXPECT_EQ(Admin("GET", "/certs").content_type, "application/json");
  EXPECT_EQ(Admin("GET", "/metrics").status, 200);
  EXPECT_EQ(Admin("GET", "/readyz").status, 200);
  EXPECT_EQ(Admin("GET", "/nothing").status, 404);
  EXPECT_EQ(Admin("HEAD", "/certs").body, "");
  EXPECT_EQ(Admin("HEAD", "/certs").content_length, 16u);
}

TEST_F(EndpointTest, TheOverviewEscapesItsContents) {
  status_.missing = {"listener <script>alert(1)</script> is not bound"};
  status_.reload_failure = "\"a\" & <b>";
  const EndpointResponse response = Admin("GET", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.body, Not(HasSubstr("<script>")));
  EXPECT_THAT(response.body, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(response.body, HasSubstr("&quot;a&quot; &amp; &lt;b&gt;"));
  EXPECT_THAT(response.body, HasSubstr("mantlet 0.1.0 &lt;test&gt;"));
  EXPECT_THAT(response.body, HasSubstr("up for 1m30s"));
  EXPECT_NE(Header(response, "Content-Security-Policy"), "(absent)");
}

TEST_F(EndpointTest, TheResponseToAReloadWaitsForItsResult) {
  std::vector<EndpointResponse> responses;
  const auto respond = [&](const EndpointResponse& response) { responses.push_back(response); };
  ASSERT_TRUE(DeferAdminRequest(status_, Request("POST", "/reload"), respond));
  EXPECT_EQ(status_.reloads, 1);
  EXPECT_TRUE(responses.empty());
  status_.reload_done("");
  ASSERT_TRUE(DeferAdminRequest(status_, Request("POST", "/reload"), respond));
  status_.reload_done("the chain does not build");
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status, 200);
  EXPECT_EQ(responses[1].status, 500);
  EXPECT_THAT(responses[1].body, HasSubstr("the chain does not build\n"));
  EXPECT_EQ(responses[1].content_length, responses[1].body.size());
  EXPECT_EQ(Header(responses[1], "Cache-Control"), "no-store");
}

TEST_F(EndpointTest, OnlyAPermittedReloadIsDeferred) {
  const auto respond = [](const EndpointResponse&) { ADD_FAILURE(); };
  EXPECT_FALSE(DeferAdminRequest(status_, Request("GET", "/reload"), respond));
  EXPECT_FALSE(DeferAdminRequest(status_, Request("POST", "/drain"), respond));
  EndpointRequest foreign = Request("POST", "/reload");
  foreign.host = "evil.example";
  EXPECT_FALSE(DeferAdminRequest(status_, foreign, respond));
  EXPECT_EQ(Admin(foreign).status, 403);
  EndpointRequest browser = Request("POST", "/reload");
  browser.origin = "http://localhost:9901";
  EXPECT_FALSE(DeferAdminRequest(status_, browser, respond));
  EXPECT_EQ(Admin(browser).status, 403);
  EXPECT_EQ(status_.reloads, 0);
}

TEST_F(EndpointTest, DrainBeginsAndDoesNotWait) {
  EXPECT_EQ(Admin("POST", "/drain").status, 202);
  EXPECT_EQ(status_.drains, 1);
}

TEST_F(EndpointTest, TheLogLevelIsShownAndChanged) {
  EXPECT_EQ(Admin("GET", "/log-level").body, "{\"level\":\"info\"}\n");
  EXPECT_EQ(Admin("POST", "/log-level", "debug\n").body, "{\"level\":\"debug\"}\n");
  EXPECT_EQ(status_.level, "debug");
  status_.level = "info";
  EXPECT_EQ(Admin("POST", "/log-level", "level=debug").status, 200);
  EXPECT_EQ(status_.level, "debug");
  EndpointRequest by_query = Request("POST", "/log-level");
  by_query.query = "level=debug";
  EXPECT_EQ(Admin(by_query).status, 200);
  EXPECT_EQ(Admin("POST", "/log-level", "loud").status, 400);
  EXPECT_EQ(Admin("POST", "/log-level").status, 400);
  EXPECT_EQ(status_.level, "debug");
}

TEST_F(EndpointTest, ActionsWantPostAndPagesWantGet) {
  for (const char* path : {"/reload", "/drain"}) {
    const EndpointResponse response = Admin("GET", path);
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_EQ(Header(response, "Allow"), "POST") << path;
  }
  EXPECT_EQ(Header(Admin("POST", "/certs"), "Allow"), "GET, HEAD");
  EXPECT_EQ(Header(Admin("PUT", "/log-level"), "Allow"), "GET, HEAD, POST");
  EXPECT_EQ(status_.reloads + status_.drains, 0);
}

TEST_F(EndpointTest, AForeignHostIsRefused) {
  for (const char* host :
       {"evil.example", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.evil.example.com", "1270.0.0.1", "127.0.0", "127.0.0.", "127.0.0..", "[::2]", "[::1",
        "10.0.0.1", "", ":9901", "0.0.0.0"}) {
    EndpointRequest request = Request("GET", "/certs");
    request.host = host;
    EXPECT_EQ(Admin(request).status, 403) << host;
    request.method = "POST";
    request.path = "/drain";
    EXPECT_EQ(Admin(request).status, 403) << host;
  }
  EndpointRequest without = Request("GET", "/certs");
  without.host = std::nullopt;
  EXPECT_EQ(Admin(without).status, 403);
  EXPECT_EQ(status_.drains, 0);
}

TEST_F(EndpointTest, EveryLoopbackNameIsTaken) {
  for (const char* host : {"localhost", "LocalHost:1", "localhost.", "127.0.0.1", "127.0.0.1:9901",
                           "127.1.2.3", "[::1]", "[::1]:9901"}) {
    EndpointRequest request = Request("GET", "/certs");
    request.host = host;
    EXPECT_EQ(Admin(request).status, 200) << host;
  }
}

TEST_F(EndpointTest, OverAUnixSocketTheHostHasNoMeaning) {
  EndpointRequest request = Request("GET", "/certs");
  request.over_unix_socket = true;
  request.host = "anything";
  EXPECT_EQ(Admin(request).status, 200);
  request.host = std::nullopt;
  EXPECT_EQ(Admin(request).status, 200);
}

TEST_F(EndpointTest, ABrowserCanReadButNotAct) {
  EndpointRequest post = Request("POST", "/drain");
  post.origin = "http://localhost:9901";
  EXPECT_EQ(Admin(post).status, 403);
  post.origin = "null";
  EXPECT_EQ(Admin(post).status, 403);
  post.origin = std::nullopt;
  post.sec_fetch_site = "same-origin";
  EXPECT_EQ(Admin(post).status, 403);
  post.over_unix_socket = true;
  EXPECT_EQ(Admin(post).status, 403);
  EXPECT_EQ(status_.drains, 0);

  EndpointRequest get = Request("GET", "/");
  get.sec_fetch_site = "none";
  EXPECT_EQ(Admin(get).status, 200);
}

}  // namespace
}  // namespace mantlet::observe
