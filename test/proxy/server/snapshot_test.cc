#include "proxy/server/snapshot.h"

#include <set>
#include <string>
#include <utility>

#include "certs/generation_loader.h"
#include "gtest/gtest.h"
#include "test/certs/material_helper.h"

namespace mantlet::server {
namespace {

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() : config_(certs::OneListener()) {
    config_.listeners[0].upstream = "app";
    config::Upstream app;
    app.name = "app";
    app.address.host = "127.0.0.1";
    app.address.port = 8080;
    config_.upstreams = {app};
  }

  absl::StatusOr<SnapshotPtr> Build(const Snapshot* previous = nullptr) {
    certs::MemoryFileReader files = certs::GoodFiles();
    auto generation = certs::GenerationLoader::Load(config_, files, x509::kNow);
    if (!generation.ok()) return generation.status();
    auto snapshot = BuildSnapshot(config_, *generation, previous, clock_);
    if (!snapshot.ok()) return snapshot.status();
    const absl::Status targets = SetTargets(
        [this](const config::Upstream& upstream) { return Target(upstream); }, snapshot->get());
    if (!targets.ok()) return targets;
    return *std::move(snapshot);
  }

  // The same configuration shares the same object.
  absl::StatusOr<upstream::TargetPtr> Target(const config::Upstream& upstream) {
    if (targets_fail_) return absl::InvalidArgumentError("no target");
    if (target_ == nullptr || target_->config != upstream) {
      auto target = std::make_shared<upstream::Target>();
      target->config = upstream;
      target_ = std::move(target);
    }
    return target_;
  }

  base::ManualClock clock_;
  config::Config config_;
  upstream::TargetPtr target_;
  bool targets_fail_ = false;
};

TEST_F(SnapshotTest, HoldsEachListenerWithItsContextAndTarget) {
  auto snapshot = Build();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  const ListenerSnapshot* listener = (*snapshot)->Find("public");
  ASSERT_NE(listener, nullptr);
  EXPECT_EQ((*snapshot)->Find("other"), nullptr);
  EXPECT_NE(listener->tls, nullptr);
  EXPECT_NE(listener->tls->verifier(), nullptr);
  EXPECT_NE(listener->admission, nullptr);
  EXPECT_EQ(listener->target, target_);
  EXPECT_EQ(listener->target->config, config_.upstreams[0]);
}

TEST_F(SnapshotTest, ClientsAreVerifiedWhereverTheirTrustComesFrom) {
  auto by_bundle = Build();
  ASSERT_TRUE(by_bundle.ok());
  config::ClientAuth& auth = config_.listeners[0].client_auth;
  auth.spiffe.trust_domains = {{"example.org", {certs::kCa}, {}}};
  auto by_both = Build();
  ASSERT_TRUE(by_both.ok());
  auth.trust_bundle.clear();
  auto by_domain = Build();
  ASSERT_TRUE(by_domain.ok());
  auth.spki_pins = {std::string(64, '0')};
  auto pinned = Build();
  ASSERT_TRUE(pinned.ok());
  auth.ca_pins = {std::string(64, '0')};
  auto ca_pinned = Build();
  ASSERT_TRUE(ca_pinned.ok());
  std::set<std::string> ids;
  for (const SnapshotPtr& snapshot : {*by_bundle, *by_both, *by_domain, *pinned, *ca_pinned}) {
    ASSERT_NE(snapshot->Find("public")->tls->verifier(), nullptr);
    ids.insert(snapshot->Find("public")->tls->verifier()->id());
  }
  EXPECT_EQ(ids.size(), 5u);
  auth.mode = config::ClientAuthMode::kNone;
  EXPECT_EQ((*Build())->Find("public")->tls->verifier(), nullptr);
}

TEST_F(SnapshotTest, AnUnchangedUpstreamKeepsItsTargetSoThatPoolsLiveOn) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.listeners[0].limits.header_count = 7;
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->Find("public")->target, (*first)->Find("public")->target);
  EXPECT_EQ((*second)->Find("public")->admission, (*first)->Find("public")->admission);
  EXPECT_EQ((*second)->Find("public")->config.limits.header_count, 7u);
}

TEST_F(SnapshotTest, AChangedUpstreamGetsANewTarget) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.upstreams[0].address.port = 8081;
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->Find("public")->target, (*first)->Find("public")->target);
  EXPECT_EQ((*second)->Find("public")->target->config.address.port, 8081);
  config_.upstreams[0].pool.connections = 3;
  auto third = Build(second->get());
  ASSERT_TRUE(third.ok());
  EXPECT_NE((*third)->Find("public")->target, (*second)->Find("public")->target);
}

TEST_F(SnapshotTest, AReloadThatChangesNothingForAListenerKeepsItsSessionTickets) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.listeners[0].limits.header_count = 7;
  config_.listeners[0].client_auth.on_expiry = config::OnInvalid::kClose;
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->Find("public")->tls, (*first)->Find("public")->tls);
}

TEST_F(SnapshotTest, AChangedPolicyMakesNewTicketKeys) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.listeners[0].policy.default_allow = false;
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->Find("public")->tls, (*first)->Find("public")->tls);
  config_.listeners[0].policy.default_allow = true;
  auto third = Build(second->get());
  ASSERT_TRUE(third.ok());
  EXPECT_NE((*third)->Find("public")->tls->options().policy_id,
            (*first)->Find("public")->tls->options().policy_id)
      << "what was given out before the change stays worthless";
}

TEST_F(SnapshotTest, ChangedRulesForClientsMakeNewTicketKeys) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.listeners[0].client_auth.max_depth = 1;
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->Find("public")->tls, (*first)->Find("public")->tls);
}

TEST_F(SnapshotTest, AListenerOfAnotherNameIsCountedSeparately) {
  auto first = Build();
  ASSERT_TRUE(first.ok());
  config_.listeners[0].name = "renamed";
  auto second = Build(first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->Find("renamed")->admission, (*first)->Find("public")->admission);
  EXPECT_EQ((*second)->Find("renamed")->target, (*first)->Find("public")->target);
}

TEST_F(SnapshotTest, TwoListenersOfOneUpstreamShareItsTarget) {
  config_.listeners.push_back(config_.listeners[0]);
  config_.listeners[1].name = "second";
  auto snapshot = Build();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ((*snapshot)->Find("public")->target, (*snapshot)->Find("second")->target);
  EXPECT_NE((*snapshot)->Find("public")->admission, (*snapshot)->Find("second")->admission);
}

TEST_F(SnapshotTest, AnUpstreamThatCannotBeIsRefused) {
  targets_fail_ = true;
  EXPECT_FALSE(Build().ok());
}

TEST_F(SnapshotTest, NamesTheListenerWhoseTlsSettingsTheLibraryRefuses) {
  config_.listeners[0].tls.cipher_suites = {"RC4-MD5"};
  auto snapshot = Build();
  ASSERT_FALSE(snapshot.ok());
  EXPECT_NE(snapshot.status().message().find("listener 'public'"), std::string::npos);
}

}  // namespace
}  // namespace mantlet::server
