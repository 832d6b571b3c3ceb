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

// A binder that opens no socket. It counts its calls and fails on request.
class FakeBinder final : public SocketBinder {
 public:
  absl::Status Bind(const Snapshot& next, const Snapshot* running) override {
    ++binds;
    EXPECT_NE(running, nullptr) << "nothing but a reload binds here";
    for (const ListenerSnapshot& listener : next.listeners) {
      if (listener.config.address.port == taken_port) {
        return absl::AlreadyExistsError("the address is taken");
      }
    }
    return absl::OkStatus();
  }
  void Discard(const Snapshot&) override { ++discards; }

  int binds = 0, discards = 0;
  uint16_t taken_port = 0;
};

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() : files_(TwoListeners()) { clock_.SetWallSeconds(x509::kNow); }

  absl::StatusOr<upstream::TargetPtr> Target(const config::Upstream& upstream) {
    if (!target_error_.ok()) return target_error_;
    auto target = std::make_shared<upstream::Target>();
    target->config = upstream;
    return target;
  }

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
  Loader::Reloaded Reload() { return loader_.Reload(*running_, nullptr, binder_); }

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
  absl::Status target_error_;
  Loader loader_{files_, environment_, clock_,
                 [this](const config::Upstream& upstream) { return Target(upstream); },
                 [](const config::Config&) { return absl::OkStatus(); }};
  FakeBinder binder_;
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

TEST_F(LoaderTest, AnUpstreamThatCannotBeFailsTheStartAsInvalid) {
  target_error_ = absl::UnavailableError("no address");
  EXPECT_EQ(loader_.LoadInitial(OnDisk()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LoaderTest, NothingIsBuiltWhereNothingHasChanged) {
  Start();
  const Loader::Reloaded reloaded = Reload();
  EXPECT_EQ(reloaded.next, nullptr);
  EXPECT_FALSE(reloaded.outcome.swapped);
  EXPECT_THAT(reloaded.outcome.problems, IsEmpty());
  EXPECT_EQ(reloaded.outcome.fingerprints.size(), 6u);
  EXPECT_EQ(binder_.binds, 0);
}

TEST_F(LoaderTest, ARenewedCertificateIsInTheNextSnapshotAndInTheLog) {
  Start();
  RenewOne();
  const Loader::Reloaded reloaded = Reload();
  ASSERT_NE(reloaded.next, nullptr);
  EXPECT_TRUE(Renewed(reloaded.next));
  EXPECT_EQ(reloaded.next->Find("two")->tls, running_->Find("two")->tls);
  EXPECT_TRUE(reloaded.outcome.swapped);
  EXPECT_THAT(reloaded.outcome.changes, ElementsAre(HasSubstr("listener 'one'")));
  EXPECT_THAT(reloaded.outcome.detail, HasSubstr(reloaded.next->generation->id));
  EXPECT_EQ(binder_.binds, 1);
}

TEST_F(LoaderTest, ChangedSettingsAreInTheNextSnapshotAndInTheLog) {
  Start();
  files_.Put(kConfig, Yaml("    limits: {header_count: 7}\n"));
  const Loader::Reloaded reloaded = Reload();
  ASSERT_NE(reloaded.next, nullptr);
  EXPECT_EQ(reloaded.next->Find("two")->config.limits.header_count, 7u);
  EXPECT_THAT(reloaded.outcome.changes, Contains(HasSubstr("listener 'two'")));
}

TEST_F(LoaderTest, AConfigurationThatIsWrongIsAProblemAndChangesNothing) {
  Start();
  files_.Put(kConfig, "nonsense: true\n");
  const Loader::Reloaded reloaded = Reload();
  EXPECT_EQ(reloaded.next, nullptr);
  EXPECT_FALSE(reloaded.outcome.swapped);
  ASSERT_EQ(reloaded.outcome.problems.size(), 1u);
  EXPECT_THAT(reloaded.outcome.problems[0].reason, HasSubstr("nonsense"));
}

TEST_F(LoaderTest, ATornFileHoldsUpItsListenerAndNoOther) {
  Start();
  RenewOne();
  files_.Put("/two/tls.key", "-----BEGIN");
  const Loader::Reloaded reloaded = Reload();
  ASSERT_NE(reloaded.next, nullptr);
  EXPECT_TRUE(Renewed(reloaded.next));
  EXPECT_TRUE(reloaded.outcome.swapped);
  ASSERT_EQ(reloaded.outcome.problems.size(), 1u);
  EXPECT_EQ(reloaded.outcome.problems[0].listener, "two");
}

TEST_F(LoaderTest, AnAddressThatCannotBeBoundRefusesTheConfigurationAndNoRenewal) {
  Start();
  RenewOne();
  files_.Put(kConfig, Yaml("", 9999));
  binder_.taken_port = 9999;
  const Loader::Reloaded reloaded = Reload();
  ASSERT_NE(reloaded.next, nullptr);
  EXPECT_TRUE(Renewed(reloaded.next));
  EXPECT_EQ(reloaded.next->config, running_->config);
  ASSERT_EQ(reloaded.outcome.problems.size(), 1u);
  EXPECT_EQ(reloaded.outcome.problems[0].reason, "the address is taken");
  EXPECT_EQ(binder_.discards, 1);
  EXPECT_EQ(binder_.binds, 2);
}

TEST_F(LoaderTest, AnAddressThatCannotBeBoundChangesNothingByItself) {
  Start();
  files_.Put(kConfig, Yaml("", 9999));
  binder_.taken_port = 9999;
  const Loader::Reloaded reloaded = Reload();
  EXPECT_EQ(reloaded.next, nullptr);
  EXPECT_FALSE(reloaded.outcome.swapped);
  EXPECT_EQ(binder_.discards, 1);
}

TEST_F(LoaderTest, FailsIfTheRunningConfigurationCannotBeBuiltAgain) {
  Start();
  RenewOne();
  target_error_ = absl::UnavailableError("no address");
  const Loader::Reloaded reloaded = Reload();
  EXPECT_EQ(reloaded.next, nullptr);
  EXPECT_FALSE(reloaded.outcome.swapped);
  ASSERT_FALSE(reloaded.outcome.problems.empty());
  EXPECT_EQ(reloaded.outcome.problems[0].reason, "no address");
}

}  // namespace
}  // namespace mantlet::server
