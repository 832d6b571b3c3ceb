#include "proxy/server/reload_planner.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/server/two_listeners.h"

namespace mantlet::server {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class ReloadPlannerTest : public testing::Test {
 protected:
  ReloadPlannerTest() : files_(TwoListeners()) {
    clock_.SetWallSeconds(x509::kNow);
    config::LoadResult loaded;
    planner_.ReadConfig(kConfig, &loaded);
    EXPECT_TRUE(loaded.config.has_value()) << loaded.status();
    running_ = *loaded.config;
    in_use_ = *certs::GenerationLoader::Load(running_, files_, x509::kNow);
  }

  ReloadPlan Plan() { return planner_.Plan(running_, *in_use_, nullptr); }
  void RenewOne() {
    const x509::Credential leaf = x509::MakeCredential(
        x509::ServerTemplate("renewed", {"server.example"}), &x509::Intermediate());
    files_.Put(certs::kChain, certs::ChainPem(leaf));
    files_.Put(certs::kKey, leaf.key->ToPem());
  }
  bool Renewed(const ReloadPlan& plan, const std::string& listener) const {
    return plan.rotation.generation->Find(listener)->id != in_use_->Find(listener)->id;
  }

  certs::MemoryFileReader files_;
  config::Environment environment_;
  base::ManualClock clock_;
  absl::Status permitted_;
  ReloadPlanner planner_{files_, environment_, clock_,
                         [this](const config::Config&) { return permitted_; }};
  config::Config running_;
  certs::GenerationPtr in_use_;
};

TEST_F(ReloadPlannerTest, FindsNothingToDoWhereNothingHasChanged) {
  const ReloadPlan plan = Plan();
  EXPECT_EQ(plan.config, running_);
  EXPECT_EQ(plan.rotation.generation->id, in_use_->id);
  EXPECT_THAT(plan.Problems(), IsEmpty());
  EXPECT_EQ(plan.fingerprints.size(), 6u) << "the configuration and five files";
}

TEST_F(ReloadPlannerTest, ATornFileIsItsListenersProblem) {
  RenewOne();
  files_.Put("/two/tls.key", "-----BEGIN");
  const ReloadPlan plan = Plan();
  EXPECT_TRUE(Renewed(plan, "one"));
  EXPECT_FALSE(Renewed(plan, "two"));
  const auto problems = plan.Problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].listener, "two");
  EXPECT_TRUE(problems[0].may_pass);
}

TEST_F(ReloadPlannerTest, ABrokenConfigurationDoesNotStopARenewal) {
  RenewOne();
  files_.Put(kConfig, "nonsense: true\n");
  const ReloadPlan plan = Plan();
  EXPECT_EQ(plan.config, running_);
  EXPECT_TRUE(Renewed(plan, "one"));
  const auto problems = plan.Problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].listener, "");
  EXPECT_THAT(problems[0].reason, HasSubstr("nonsense"));
  EXPECT_FALSE(problems[0].may_pass) << "an error is reported as one immediately";
}

TEST_F(ReloadPlannerTest, AnInvalidConfigurationAddsNoTrust) {
  files_.Put(certs::kCa,
             x509::Root().certificate->ToPem() +
                 x509::MakeCredential(x509::CaTemplate("new"), nullptr).certificate->ToPem());
  files_.Put(kConfig, "nonsense: true\n");
  const ReloadPlan plan = Plan();
  EXPECT_EQ(plan.rotation.generation->id, in_use_->id);
  EXPECT_EQ(plan.Problems().size(), 3u) << "the configuration, and two listeners that wait";
}

TEST_F(ReloadPlannerTest, AChangedListenerWithTornFilesRefusesTheConfigurationAndNoRenewal) {
  RenewOne();
  files_.Put("/two/tls.key", "-----BEGIN");
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  const ReloadPlan plan = Plan();
  EXPECT_EQ(plan.config, running_);
  EXPECT_TRUE(Renewed(plan, "one"));
  EXPECT_THAT(plan.refused, HasSubstr("/two/tls.key"));
  EXPECT_TRUE(plan.refused_by_files);
}

TEST_F(ReloadPlannerTest, TheFilesOfARejectedConfigurationAreReported) {
  files_.Put(kConfig, Yaml("    identity_headers: {xfcc: nonsense}\n"));
  EXPECT_THAT(Plan().fingerprints, Contains(Pair(kConfig, testing::_)));
  std::string text = Yaml();
  text.replace(text.find("/two/tls.key"), 12, "/missing.key");
  files_.Put(kConfig, text);
  const ReloadPlan plan = Plan();
  EXPECT_THAT(plan.fingerprints, Contains(Pair("/missing.key", testing::_)));
  EXPECT_THAT(plan.fingerprints, Contains(Pair("/two/tls.key", testing::_)))
      << "it is still served";
}

TEST_F(ReloadPlannerTest, AConfigurationThatIsNotPermittedDoesNotStopARenewal) {
  RenewOne();
  std::string text = Yaml("    limits: {header_count: 7}\n");
  text.replace(text.find("/two/tls.key"), 12, "/outside.key");
  files_.Put(kConfig, text);
  permitted_ = absl::FailedPreconditionError("restart needed: /outside.key");
  const ReloadPlan plan = Plan();
  EXPECT_EQ(plan.config, running_);
  EXPECT_TRUE(Renewed(plan, "one"));
  EXPECT_EQ(plan.refused, "restart needed: /outside.key") << "and not that it cannot be read";
  EXPECT_FALSE(plan.refused_by_files);
}

TEST_F(ReloadPlannerTest, AConfigurationThatCannotBeBuiltIsRejectedAfterwards) {
  RenewOne();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  ReloadPlan plan = Plan();
  EXPECT_NE(plan.config, running_);
  planner_.Reject("the address is taken", running_, *in_use_, &plan);
  EXPECT_EQ(plan.config, running_);
  EXPECT_TRUE(Renewed(plan, "one"));
  ASSERT_EQ(plan.Problems().size(), 1u);
  EXPECT_EQ(plan.Problems()[0].reason, "the address is taken");
}

}  // namespace
}  // namespace mantlet::server
