// Tests an exchange with its listener's policy: nothing is forwarded without a permit.

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "test/proxy/identity/edit_certificate.h"
#include "test/proxy/session/exchange_fixture.h"

namespace mantlet::session {
namespace {

using io::RunReady;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr char kAdmins[] =
    "rules: [{name: admins, action: deny, match: {path: /admin/**, not: {cn: alice}}}]";

class ExchangePolicyTest : public ExchangeTest {
 protected:
  void Get(const std::string& target) {
    Client("GET " + target + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  }
  // Returns the status of the response to a request that must not be forwarded.
  int Refused(const std::string& target) {
    client_->sent.clear();
    Get(target);
    EXPECT_EQ(Ended(), End::kKeepAlive);
    RunReady(loop_);
    EXPECT_TRUE(upstream_.peers.empty()) << target;
    return Status();
  }
  // Returns the request-target that the upstream receives.
  std::string Asked(const std::string& target) {
    Get(target);
    EXPECT_TRUE(UpstreamHears(1, "\r\n\r\n")) << target;
    std::string line = std::exchange(Peer().handler.data, "");
    Peer().Say(kOk);
    EXPECT_EQ(Ended(), End::kKeepAlive);
    line = line.substr(line.find(' ') + 1);
    return line.substr(0, line.find(' '));
  }
  void Alice() {
    peer_.verification = identity::Verification::kSuccess;
    EditCertificate(peer_).cn = "alice";
  }
  // Sets another policy like a reload.
  std::shared_ptr<const ListenerState> Reloaded(const std::string& flow) {
    auto state = std::make_shared<ListenerState>(*state_);
    state->policy = std::make_shared<const policy::Policy>(config::ParsePolicy(flow));
    state->FindDenialCounters();
    return state;
  }
  // Requests `target`; the upstream receives `asked` and accepts the upgrade.
  void OpenTunnel(const std::string& target, const std::string& asked) {
    Client("GET " + target +
           " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    ASSERT_TRUE(UpstreamHears(1, "GET " + asked + " "));
    Peer().Say(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    ASSERT_EQ(Ended(), End::kTunnel);
  }
  bool Denials(const char* rule, int count) {
    return Counted("mantlet_policy_denials_total{listener=\"public\",rule=\"" + std::string(rule) +
                   "\"} " + std::to_string(count));
  }
};

TEST_F(ExchangePolicyTest, ARuleThatDeniesIs403WithACountAndARecordAndNoReasonForTheClient) {
  Policy(kAdmins);
  EXPECT_EQ(Refused("/admin/x"), 403);
  EXPECT_EQ(got().find("admins"), std::string::npos) << got();
  EXPECT_TRUE(Denials("admins", 1));
  EXPECT_NE(log_.text().find("\"event\":\"policy_denied\""), std::string::npos) << log_.text();
  EXPECT_NE(log_.text().find("\"rule\":\"admins\""), std::string::npos) << log_.text();
}

TEST_F(ExchangePolicyTest, APermittedRequestIsForwarded) {
  Policy(kAdmins);
  Alice();
  EXPECT_EQ(Asked("/admin/x"), "/admin/x");
  EXPECT_TRUE(Denials("admins", 0));
}

TEST_F(ExchangePolicyTest, TheUpstreamIsAskedForThePathThatTheRulesSaw) {
  Policy(kAdmins);
  EXPECT_EQ(Asked("//x/./%61/../y%2c?q=/../%2F"), "/x/y%2C?q=/../%2F");
  EXPECT_EQ(Asked("/Admin"), "/Admin");
}

TEST_F(ExchangePolicyTest, NoSpellingOfAPathGetsPastItsRule) {
  Policy(kAdmins);
  for (const char* target :
       {"/admin", "/admin/", "//admin", "/%61dmin", "/./admin/x", "/x/../admin", "/x/%2e%2e/admin",
        "/%2e/admin", "/admin?x", "/admin//x"}) {
    EXPECT_EQ(Refused(target), 403) << target;
  }
  for (const char* target : {"/x/..%2fadmin", "/x/..;/admin", "/admin;x", "/x%5c..%5cadmin",
                             "/%2561dmin", "/admin%00", "/%c0%af/admin", "/x//../admin", "/%zz"}) {
    EXPECT_EQ(Refused(target), 400) << target;
  }
}

TEST_F(ExchangePolicyTest, WithoutPathConditionsATargetIsForwardedUnchanged) {
  Policy("rules: [{name: r, action: deny, match: {method: PUT}}]");
  EXPECT_EQ(Asked("//a/../%61;x?y"), "//a/../%61;x?y");
}

TEST_F(ExchangePolicyTest, TheStarOfOptionsIsNoPath) {
  Policy("rules: [{name: r, action: deny, match: {path: /**}}]");
  Client("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "OPTIONS * HTTP/1.1\r\n"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangePolicyTest, AnAbsoluteTargetIsEvaluatedByItsPath) {
  Policy(kAdmins);
  EXPECT_EQ(Refused("http://a.example/x/../admin"), 403);
  EXPECT_EQ(Asked("http://a.example/x/../y"), "/y");
}

TEST_F(ExchangePolicyTest, ARuleAboutTheServerNameIsNotEscapedByAskingForAnotherOne) {
  Policy("rules: [{name: admin, action: deny, match: {sni: admin.example}}]");
  for (const char* sni : {"", "a.example"}) {
    peer_.tls.sni = sni;
    for (const char* host : {"admin.example", "ADMIN.example.:8443"}) {
      client_->sent.clear();
      Client(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
      EXPECT_EQ(Ended(), End::kKeepAlive);
      EXPECT_EQ(Status(), 421) << sni << " " << host;
      EXPECT_TRUE(upstream_.peers.empty());
    }
  }
}

TEST_F(ExchangePolicyTest, WithoutAServerNameAHostThatIsAnAddressIsNoOther) {
  Policy("rules: [{name: admin, action: deny, match: {sni: admin.example}}]");
  for (const char* host : {"192.0.2.1:8443", "[2001:db8::1]"}) {
    Client(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
    ASSERT_TRUE(UpstreamHears(1, host)) << host;
    Peer().handler.data.clear();
    Peer().Say(kOk);
    EXPECT_EQ(Ended(), End::kKeepAlive);
  }
}

TEST_F(ExchangePolicyTest, ARetryAsksForTheSamePath) {
  Policy(kAdmins);
  EXPECT_EQ(Asked("/a/../b"), "/b");
  Get("/c/../d");
  ASSERT_TRUE(UpstreamHears(1, "GET /d "));
  Peer().Hang();
  ASSERT_TRUE(UpstreamHears(2, "GET /d "));
  Peer(1).Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangePolicyTest, TheNextRequestMeetsTheNewPolicy) {
  EXPECT_EQ(Asked("/admin"), "/admin");
  state_ = Reloaded(kAdmins);
  client_->sent.clear();
  Get("/admin");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 403);
}

TEST_F(ExchangePolicyTest, EvaluatesATunnelAgain) {
  Policy(kAdmins);
  OpenTunnel("/a/../ws", "/ws");
  EXPECT_FALSE(exchange_->RecheckTunnel(*state_));
  EXPECT_FALSE(exchange_->RecheckTunnel(
      *Reloaded("rules: [{name: r, action: deny, match: {path: /a/**}}]")));
  const auto refusal =
      exchange_->RecheckTunnel(*Reloaded("rules: [{name: ws, action: deny, match: {path: /ws}}]"));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, base::ErrorReason::kPolicyDenied);
  EXPECT_TRUE(Denials("ws", 1));
  exchange_->FinishTunnel(0, 0);
}

TEST_F(ExchangePolicyTest, EvaluatesATunnelByPoliciesThatAskForThePathThatItsOwnDidNotAskFor) {
  OpenTunnel("/a/../ws", "/a/../ws");
  const std::string deny = "rules: [{name: r, action: deny, match: {path: ";
  EXPECT_FALSE(exchange_->RecheckTunnel(*Reloaded(deny + "/a/**}}]")));
  EXPECT_TRUE(exchange_->RecheckTunnel(*Reloaded(deny + "/ws}}]")));
  EXPECT_TRUE(exchange_->RecheckTunnel(*Reloaded(deny + "/w*}}]"))) << "once more, by another";
  exchange_->FinishTunnel(0, 0);
}

}  // namespace
}  // namespace mantlet::session
