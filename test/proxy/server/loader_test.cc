#include "proxy/server/loader.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/server/two_listeners.h"

namespace mantlet::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An activator that opens no socket. It counts its calls, keeps the last snapshot, and fails on
// request.
class FakeActivator final : public Activator {
 public:
  absl::Status Activate(std::shared_ptr<Snapshot> next) override {
    ++calls;
    if (!error.ok()) return error;
    for (const ListenerSnapshot& listener : next->listeners) {
      if (listener.config.address.port == taken_port) {
        return absl::AlreadyExistsError("the address is taken");
      }
    }
    activated = std::move(next);
    return absl::OkStatus();
  }
  void Discard() override { ++discards; }

  int calls = 0, discards = 0;
  uint16_t taken_port = 0;
  absl::Status error;
  SnapshotPtr activated;
};

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() : files_(TwoListeners()) { clock_.SetWallSeconds(x509::kNow); }

  config::Config OnDisk() {
    config::LoadResult loaded =
        config::LoadText(files_.Read(kConfig)->bytes, kConfig, environment_);
    EXPECT_TRUE(loaded.config.has_value()) << loaded.status();
    return *loaded.config;
  }
  // Loads the files as the process does when it starts.
  void Start() {
    absl::StatusOr<Loader::Initial> initial = loader_.LoadInitial(OnDisk());
    ASSERT_TRUE(initial.ok()) << initial.status();
    running_ = std::move(initial->snapshot);
  }
  LoadOutcome Reload() { return loader_.Reload(*running_, nullptr, activator_); }

  void RenewOne() {
    const x509::Credential leaf = x509::MakeCredential(
        x509::ServerTemplate("renewed", {"server.example"}), &x509::Intermediate());
    files_.Put(certs::kChain, certs::ChainPem(leaf));
    files_.Put(certs::kKey, leaf.key->ToPem());
  }
  // Returns whether `next` serves the certificate of RenewOne() on listener "one".
  bool Renewed(const SnapshotPtr& next) const {
    return next->generation->Find("one")->id != running_->generation->Find("one")->id &&
           next->Find("one")->tls != running_->Find("one")->tls;
  }

  certs::MemoryFileReader files_;
  config::Environment environment_;
  base::ManualClock clock_;
  Loader loader_{files_, environment_, clock_,
                 [](const config::Config&) { return absl::OkStatus(); }};
  FakeActivator activator_;
  SnapshotPtr running_;
};

TEST_F(LoaderTest, TheFirstLoadHasEveryListenerAndEveryFileItRead) {
  absl::StatusOr<Loader::Initial> initial = loader_.LoadInitial(OnDisk());
  ASSERT_TRUE(initial.ok()) << initial.status();
  EXPECT_NE(initial->snapshot->Find("one"), nullptr);
  EXPECT_NE(initial->snapshot->Find("two"), nullptr);
  EXPECT_EQ(initial->fingerprints.size(), 6u) << "the configuration and five files";
  EXPECT_NE(initial->fingerprints.at(kConfig), certs::Fingerprint());
}

TEST_F(LoaderTest, AConfigurationThatChangedSinceItWasReadIsFoundByTheFirstPoll) {
  const config::Config started_with = OnDisk();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  absl::StatusOr<Loader::Initial> initial = loader_.LoadInitial(started_with);
  ASSERT_TRUE(initial.ok()) << initial.status();
  EXPECT_EQ(initial->fingerprints.at(kConfig), certs::Fingerprint());
  EXPECT_EQ(initial->snapshot->config, started_with);
}

TEST_F(LoaderTest, AFileThatIsWrongFailsTheStartAsInvalid) {
  files_.Put("/two/tls.key", "-----BEGIN");
  absl::StatusOr<Loader::Initial> initial = loader_.LoadInitial(OnDisk());
  EXPECT_EQ(initial.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(initial.status().message()), HasSubstr("/two/tls.key"));
}

TEST_F(LoaderTest, NothingIsBuiltWhereNothingHasChanged) {
  Start();
  const LoadOutcome outcome = Reload();
  EXPECT_EQ(activator_.activated, nullptr);
  EXPECT_FALSE(outcome.swapped);
  EXPECT_THAT(outcome.problems, IsEmpty());
  EXPECT_EQ(outcome.fingerprints.size(), 6u);
  EXPECT_EQ(activator_.calls, 0);
}

TEST_F(LoaderTest, ARenewedCertificateIsInTheNextSnapshotAndInTheLog) {
  Start();
  RenewOne();
  const LoadOutcome outcome = Reload();
  ASSERT_NE(activator_.activated, nullptr);
  EXPECT_TRUE(Renewed(activator_.activated));
  EXPECT_EQ(activator_.activated->Find("two")->tls, running_->Find("two")->tls);
  EXPECT_TRUE(outcome.swapped);
  EXPECT_THAT(outcome.changes, ElementsAre(HasSubstr("listener 'one'")));
  EXPECT_THAT(outcome.detail, HasSubstr(activator_.activated->generation->id));
  EXPECT_EQ(activator_.calls, 1);
}

TEST_F(LoaderTest, ChangedSettingsAreInTheNextSnapshotAndInTheLog) {
  Start();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  const LoadOutcome outcome = Reload();
  ASSERT_NE(activator_.activated, nullptr);
  EXPECT_EQ(activator_.activated->Find("two")->config.limits.header_count, 7u);
  EXPECT_THAT(outcome.changes, Contains(HasSubstr("listener 'two'")));
}

TEST_F(LoaderTest, AConfigurationThatIsWrongIsAProblemAndChangesNothing) {
  Start();
  files_.Put(kConfig, "nonsense: true\n");
  const LoadOutcome outcome = Reload();
  EXPECT_EQ(activator_.activated, nullptr);
  EXPECT_FALSE(outcome.swapped);
  ASSERT_EQ(outcome.problems.size(), 1u);
  EXPECT_THAT(outcome.problems[0].reason, HasSubstr("nonsense"));
}

TEST_F(LoaderTest, ATornFileHoldsUpItsListenerAndNoOther) {
  Start();
  RenewOne();
  files_.Put("/two/tls.key", "-----BEGIN");
  const LoadOutcome outcome = Reload();
  ASSERT_NE(activator_.activated, nullptr);
  EXPECT_TRUE(Renewed(activator_.activated));
  EXPECT_TRUE(outcome.swapped);
  ASSERT_EQ(outcome.problems.size(), 1u);
  EXPECT_EQ(outcome.problems[0].listener, "two");
}

TEST_F(LoaderTest, AnAddressThatCannotBeBoundRefusesTheConfigurationAndNoRenewal) {
  Start();
  RenewOne();
  files_.Put(kConfig, Yaml("", 9999));
  activator_.taken_port = 9999;
  const LoadOutcome outcome = Reload();
  ASSERT_NE(activator_.activated, nullptr);
  EXPECT_TRUE(Renewed(activator_.activated));
  EXPECT_EQ(activator_.activated->config, running_->config);
  ASSERT_EQ(outcome.problems.size(), 1u);
  EXPECT_EQ(outcome.problems[0].reason, "the address is taken");
  EXPECT_EQ(activator_.discards, 1);
  EXPECT_EQ(activator_.calls, 2);
}

TEST_F(LoaderTest, AnAddressThatCannotBeBoundChangesNothingByItself) {
  Start();
  files_.Put(kConfig, Yaml("", 9999));
  activator_.taken_port = 9999;
  const LoadOutcome outcome = Reload();
  EXPECT_EQ(activator_.activated, nullptr);
  EXPECT_FALSE(outcome.swapped);
  EXPECT_EQ(activator_.discards, 1);
}

TEST_F(LoaderTest, FailsIfTheRunningConfigurationCannotBeBuiltAgain) {
  Start();
  RenewOne();
  activator_.error = absl::UnavailableError("no address");
  const LoadOutcome outcome = Reload();
  EXPECT_EQ(activator_.activated, nullptr);
  EXPECT_FALSE(outcome.swapped);
  ASSERT_FALSE(outcome.problems.empty());
  EXPECT_EQ(outcome.problems[0].reason, "no address");
}

TEST_F(LoaderTest, ALoadThatIsCancelledIsNotTriedInAnotherWay) {
  Start();
  RenewOne();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  activator_.error = absl::CancelledError("the process ends");
  const LoadOutcome outcome = Reload();
  EXPECT_FALSE(outcome.swapped);
  EXPECT_EQ(activator_.calls, 1);
  EXPECT_EQ(activator_.discards, 0);
}

TEST_F(LoaderTest, ANewConfigurationNamesItsFiles) {
  Start();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  const LoadOutcome outcome = Reload();
  ASSERT_TRUE(outcome.files.has_value());
  EXPECT_THAT(*outcome.files, Contains(kConfig));
  EXPECT_THAT(*outcome.files, Contains("/two/tls.key"));
}

}  // namespace
}  // namespace mantlet::server
