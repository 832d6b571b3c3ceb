#include "proxy/server/upstream_resolver.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::server {
namespace {

using io::RunUntil;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using upstream::TargetPtr;

// A lookup that answers when the test requests it.
class FakeLookup final : public io::NameLookup {
 public:
  struct Question {
    std::string host;
    Done done;
  };
  void Start(const std::string& host, uint16_t, Done done) override {
    ++asked;
    questions.push_back({host, std::move(done)});
  }
  void Answer(const std::vector<std::string>& hosts) {
    std::vector<io::SocketAddress> addresses;
    for (const std::string& host : hosts) {
      addresses.push_back(*io::SocketAddress::Literal(host, 80));
    }
    Take().done(addresses);
  }
  void Fail(const std::string& why) { Take().done(absl::NotFoundError(why)); }
  Question Take() {
    Question question = std::move(questions.front());
    questions.erase(questions.begin());
    return question;
  }

  int asked = 0;
  std::vector<Question> questions;
};

class UpstreamResolverTest : public testing::Test {
 protected:
  static config::Upstream Named(const std::string& name, const std::string& host) {
    config::Upstream upstream;
    upstream.name = name;
    upstream.address.host = host;
    upstream.address.port = 80;
    upstream.resolve_interval = config::Milliseconds(30'000);
    return upstream;
  }
  TargetPtr Target(const config::Upstream& upstream) { return *resolver_.TargetOf(upstream); }
  void Use(const std::vector<config::Upstream>& upstreams) {
    std::vector<TargetPtr> targets;
    for (const config::Upstream& upstream : upstreams) targets.push_back(Target(upstream));
    resolver_.Use(targets);
  }
  static std::vector<std::string> Hosts(const TargetPtr& target) {
    std::vector<std::string> hosts;
    for (const io::SocketAddress& address : target->addresses) hosts.push_back(address.HostText());
    return hosts;
  }
  bool Asks(int count) {
    return RunUntil(loop_, [&] { return lookup_.asked >= count; });
  }

  io::Loop loop_;
  base::CapturedLog log_;
  base::Logger logger_{base::LogFormat::kJson, base::LogLevel::kInfo, log_.sink()};
  observe::Metrics metrics_{{}};
  FakeLookup lookup_;
  std::vector<TargetPtr> published_;
  UpstreamResolver resolver_{loop_, logger_, metrics_, lookup_,
                             [this](const TargetPtr& target) { published_.push_back(target); }};
};

TEST_F(UpstreamResolverTest, KnowsLiteralsAndPathsWithoutAsking) {
  config::Upstream path = Named("path", "");
  path.address.kind = config::Address::Kind::kUnix;
  path.address.path = "/run/app.sock";
  EXPECT_EQ(Target(path)->addresses[0].ToString(), "unix:/run/app.sock");
  EXPECT_EQ(Target(Named("four", "127.0.0.1"))->addresses[0].ToString(), "127.0.0.1:80");
  EXPECT_EQ(Target(Named("six", "::1"))->addresses[0].ToString(), "[::1]:80");
  Use({path, Named("four", "127.0.0.1"), Named("six", "::1")});
  resolver_.Refresh();
  resolver_.Unreachable("four");
  EXPECT_EQ(lookup_.asked, 0);
  path.address.path = std::string(200, 'x');
  EXPECT_FALSE(resolver_.TargetOf(path).ok());
}

TEST_F(UpstreamResolverTest, ResolvesANameInTheBackgroundAndPublishesTheResult) {
  Use({Named("app", "app.test")});
  EXPECT_TRUE(Target(Named("app", "app.test"))->addresses.empty());
  EXPECT_EQ(Target(Named("app", "app.test"))->unresolved, "");
  lookup_.Answer({"127.0.0.1", "127.0.0.2"});
  ASSERT_EQ(published_.size(), 1u);
  EXPECT_THAT(Hosts(published_[0]), ElementsAre("127.0.0.1", "127.0.0.2"));
  EXPECT_EQ(Target(Named("app", "app.test")), published_[0]);
  EXPECT_THAT(metrics_.Render(), HasSubstr(R"(mantlet_upstream_addresses{upstream="app"} 2)"));
}

TEST_F(UpstreamResolverTest, ANameThatDoesNotExistYetIsAskedForUntilItDoes) {
  Use({Named("app", "app.test")});
  lookup_.Fail("cannot resolve 'app.test': no such name");
  ASSERT_EQ(published_.size(), 1u);
  EXPECT_THAT(published_[0]->unresolved, HasSubstr("no such name"));
  EXPECT_THAT(resolver_.Unresolved(), ElementsAre(HasSubstr("upstream 'app'")));
  ASSERT_TRUE(Asks(2)) << "by itself";
  lookup_.Fail("cannot resolve 'app.test': no such name");
  EXPECT_EQ(published_.size(), 1u) << "nothing new";
  ASSERT_TRUE(Asks(3));
  lookup_.Answer({"127.0.0.1"});
  ASSERT_EQ(published_.size(), 2u);
  EXPECT_EQ(published_[1]->unresolved, "");
  EXPECT_THAT(resolver_.Unresolved(), IsEmpty());
  EXPECT_THAT(metrics_.Render(),
              HasSubstr(R"(mantlet_upstream_resolve_failures_total{upstream="app"} 2)"));
  size_t warnings = 0;
  for (const std::string& line : log_.lines()) {
    warnings += line.find("upstream_unresolved") != line.npos;
  }
  EXPECT_EQ(warnings, 1u) << "the same reason is said once";
}

TEST_F(UpstreamResolverTest, OneNameThatIsNotAnsweredHoldsUpNoOther) {
  Use({Named("app", "app.test"), Named("other", "other.test")});
  ASSERT_EQ(lookup_.questions.size(), 2u);
  std::swap(lookup_.questions[0], lookup_.questions[1]);
  lookup_.Answer({"127.0.0.1"});
  ASSERT_EQ(published_.size(), 1u);
  EXPECT_EQ(published_[0]->config.name, "other");
  // Requests for the first upstream must not wait for ever.
  ASSERT_TRUE(RunUntil(loop_, [&] { return published_.size() == 2; }));
  EXPECT_EQ(published_[1]->config.name, "app");
  EXPECT_THAT(published_[1]->unresolved, HasSubstr("no name server has answered"));
  lookup_.Answer({"127.0.0.2"});
  EXPECT_THAT(Hosts(published_.back()), ElementsAre("127.0.0.2"));
}

TEST_F(UpstreamResolverTest, KnownAddressesStayInUseDuringAnOutage) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.1"});
  resolver_.Refresh();
  lookup_.Fail("cannot resolve 'app.test': the servers are gone");
  EXPECT_EQ(published_.size(), 1u);
  EXPECT_THAT(Hosts(Target(Named("app", "app.test"))), ElementsAre("127.0.0.1"));
  EXPECT_THAT(log_.text(), HasSubstr("upstream_unresolved"));
  EXPECT_THAT(resolver_.Unresolved(), ElementsAre(HasSubstr("stay in use")));
  ASSERT_TRUE(Asks(3)) << "sooner than after the interval";
}

TEST_F(UpstreamResolverTest, AsksAgainAfterTheInterval) {
  config::Upstream app = Named("app", "app.test");
  app.resolve_interval = config::Milliseconds(100);
  Use({app});
  lookup_.Answer({"127.0.0.1"});
  ASSERT_TRUE(Asks(2));
  lookup_.Answer({"127.0.0.9"});
  EXPECT_THAT(Hosts(published_.back()), ElementsAre("127.0.0.9"));
}

TEST_F(UpstreamResolverTest, AnotherOrderIsNoChange) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.1", "127.0.0.2"});
  resolver_.Refresh();
  lookup_.Answer({"127.0.0.2", "127.0.0.1"});
  EXPECT_EQ(published_.size(), 1u);
  resolver_.Refresh();
  lookup_.Answer({"127.0.0.2"});
  EXPECT_EQ(published_.size(), 2u);
}

TEST_F(UpstreamResolverTest, FailingConnectionsCauseLookupsForAWhile) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.9"});
  const int64_t since = loop_.now_ms();
  resolver_.Unreachable("app");
  ASSERT_TRUE(Asks(2));
  lookup_.Answer({"127.0.0.9"});  // the name has not moved yet
  EXPECT_EQ(published_.size(), 1u);
  ASSERT_TRUE(Asks(3)) << "without another report";
  EXPECT_LT(loop_.now_ms() - since, 10'000);
  lookup_.Answer({"127.0.0.1"});
  EXPECT_THAT(Hosts(published_.back()), ElementsAre("127.0.0.1"));
  resolver_.Unreachable("no such upstream");
}

TEST_F(UpstreamResolverTest, AFloodOfComplaintsAsksNoMoreThanOnceASecond) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.9"});
  const int64_t since = loop_.now_ms();
  while (lookup_.asked < 3) {
    resolver_.Unreachable("app");
    while (!lookup_.questions.empty()) lookup_.Answer({"127.0.0.9"});
    uv_run(loop_.uv(), UV_RUN_ONCE);
  }
  EXPECT_GE(loop_.now_ms() - since, 1'900);
}

TEST_F(UpstreamResolverTest, AReloadOfOtherSettingsKeepsTheAddresses) {
  config::Upstream app = Named("app", "app.test");
  Use({app});
  lookup_.Answer({"127.0.0.1"});
  app.timeouts.connect = config::Milliseconds(7);
  Use({app});
  EXPECT_EQ(lookup_.asked, 1);
  EXPECT_THAT(Hosts(Target(app)), ElementsAre("127.0.0.1"));
  EXPECT_EQ(Target(app)->config.timeouts.connect.count(), 7);
}

TEST_F(UpstreamResolverTest, AnotherNameDoesNotInheritTheAddresses) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.1"});
  EXPECT_TRUE(Target(Named("app", "other.test"))->addresses.empty());
  Use({Named("app", "other.test")});
  EXPECT_EQ(lookup_.asked, 2);
  EXPECT_EQ(lookup_.questions[0].host, "other.test");
}

TEST_F(UpstreamResolverTest, ATargetThatIsOnlyAskedForChangesNothing) {
  Use({Named("app", "app.test")});
  lookup_.Answer({"127.0.0.1"});
  (void)Target(Named("app", "refused.test"));
  EXPECT_EQ(lookup_.asked, 1);
  EXPECT_THAT(Hosts(Target(Named("app", "app.test"))), ElementsAre("127.0.0.1"));
}

TEST_F(UpstreamResolverTest, AnAnswerForARemovedUpstreamIsIgnored) {
  Use({Named("app", "app.test")});
  Use({});
  lookup_.Answer({"127.0.0.1"});
  EXPECT_THAT(published_, IsEmpty());
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("mantlet_upstream_addresses{")));
}

}  // namespace
}  // namespace mantlet::server
