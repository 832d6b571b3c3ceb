#include "certs/rotation.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/pem.h"
#include "test/certs/material_helper.h"
#include "test/proxy/x509/crl_maker.h"

namespace mantlet::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using x509::kNow;

constexpr char kOtherChain[] = "/other/tls.crt";
constexpr char kOtherKey[] = "/other/tls.key";
constexpr char kOtherCa[] = "/other/ca.crt";

std::string RootPem() { return x509::Root().certificate->ToPem(); }
std::string AnotherRootPem() {
  return x509::MakeCredential(x509::CaTemplate("another root"), nullptr).certificate->ToPem();
}

// Two listeners, "public" and "other", with separate files.
class RotationTest : public testing::Test {
 protected:
  RotationTest() : running_(OneListener()), files_(GoodFiles()) {
    config::Listener other = running_.listeners[0];
    other.name = "other";
    other.tls.certificates[0].chain = kOtherChain;
    other.tls.certificates[0].key = kOtherKey;
    other.client_auth.trust_bundle = {config::TrustFile{kOtherCa, ""}};
    running_.listeners.push_back(other);
    files_.Put(kOtherChain, ChainPem(Server()));
    files_.Put(kOtherKey, Server().key->ToPem());
    files_.Put(kOtherCa, RootPem());
    in_use_ = Build(running_).generation;
  }

  BuildResult Build(const config::Config& config) {
    auto reading = GenerationLoader::ReadAll(config, files_);
    return BuildGeneration(config, *reading, kNow, in_use_.get());
  }
  Rotation Rotated(const config::Config& wanted) {
    return Rotate(wanted, Build(wanted), unstable_, running_, *in_use_);
  }
  Rotation Under(const config::Config* on_disk) {
    return RotateUnder(running_, Build(running_), unstable_, on_disk, *in_use_);
  }
  // Writes another leaf and its key to the two files.
  void Renew(const char* chain, const char* key) {
    const x509::Credential leaf = x509::MakeCredential(
        x509::ServerTemplate("renewed", {"server.example"}), &x509::Intermediate());
    files_.Put(chain, ChainPem(leaf));
    files_.Put(key, leaf.key->ToPem());
  }
  static std::vector<std::string> Held(const Rotation& rotation) {
    std::vector<std::string> names;
    for (const HeldListener& held : rotation.held) names.push_back(held.name);
    return names;
  }
  // Returns whether the listener has exactly the material in use.
  bool Keeps(const Rotation& rotation, const std::string& listener) const {
    const ListenerMaterial& now = *rotation.generation->Find(listener);
    const ListenerMaterial& old = *in_use_->Find(listener);
    return now.id == old.id && now.trust == old.trust &&
           now.certificates[0].leaf == old.certificates[0].leaf && now.revocation == old.revocation;
  }

  config::Config running_;
  MemoryFileReader files_;
  std::set<std::string> unstable_;
  GenerationPtr in_use_;
};

TEST_F(RotationTest, LoadsEverythingThatIsGood) {
  Renew(kChain, kKey);
  Renew(kOtherChain, kOtherKey);
  const Rotation rotation = Rotated(running_);
  EXPECT_THAT(rotation.held, IsEmpty());
  EXPECT_FALSE(Keeps(rotation, "public"));
  EXPECT_FALSE(Keeps(rotation, "other"));
  EXPECT_NE(rotation.generation->id, in_use_->id);
}

TEST_F(RotationTest, AnInvalidFileOfOneListenerDoesNotAffectTheOther) {
  Renew(kChain, kKey);
  files_.Put(kOtherKey, "-----BEGIN PRIV");
  const Rotation rotation = Rotated(running_);
  EXPECT_THAT(Held(rotation), ElementsAre("other"));
  EXPECT_THAT(rotation.held[0].reason, HasSubstr(kOtherKey));
  EXPECT_FALSE(Keeps(rotation, "public"));
  EXPECT_TRUE(Keeps(rotation, "other"));
}

TEST_F(RotationTest, AListenerNeverLoadsAPartOfItsFiles) {
  // The new chain and the new trust bundle are complete; the key is missing.
  Renew(kOtherChain, kOtherKey);
  files_.Put(kOtherCa, AnotherRootPem());
  files_.Remove(kOtherKey);
  const Rotation rotation = Rotated(running_);
  EXPECT_THAT(Held(rotation), ElementsAre("other"));
  EXPECT_TRUE(Keeps(rotation, "other"));
  EXPECT_EQ(rotation.generation->id, in_use_->id) << "nothing is to be swapped";
}

TEST_F(RotationTest, AFileOfBothListenersHoldsBoth) {
  running_.listeners[1].client_auth.trust_bundle = {config::TrustFile{kCa, ""}};
  in_use_ = Build(running_).generation;
  files_.Put(kCa, "");
  EXPECT_THAT(Held(Rotated(running_)), ElementsAre("public", "other"))
      << "though the sentence about the file is told once";
}

TEST_F(RotationTest, FilesThatKeepChangingHoldOnlyTheirListener) {
  Renew(kChain, kKey);
  unstable_ = {kOtherCa};
  const Rotation rotation = Rotated(running_);
  EXPECT_THAT(Held(rotation), ElementsAre("other"));
  EXPECT_FALSE(Keeps(rotation, "public"));
}

TEST_F(RotationTest, OldMaterialIsNotUsedWithNewSettings) {
  config::Config wanted = running_;
  wanted.listeners[1].client_auth.max_depth = 1;
  files_.Put(kOtherKey, "torn");
  const Rotation rotation = Rotated(wanted);
  EXPECT_EQ(rotation.generation, nullptr);
  EXPECT_THAT(rotation.refused, HasSubstr(kOtherKey));
}

TEST_F(RotationTest, ANewListenerWithoutItsFilesRejectsTheConfiguration) {
  config::Config wanted = running_;
  wanted.listeners.push_back(wanted.listeners[1]);
  wanted.listeners[2].name = "third";
  wanted.listeners[2].tls.certificates[0].key = "/third/missing.key";
  const Rotation rotation = Rotated(wanted);
  EXPECT_EQ(rotation.generation, nullptr);
  EXPECT_THAT(rotation.refused, HasSubstr("/third/missing.key"));
}

TEST_F(RotationTest, ANewConfigurationTakesEffectThoughAnUnchangedListenerWaits) {
  config::Config wanted = running_;
  wanted.listeners[0].limits.header_count = 7;
  files_.Put(kOtherKey, "torn");
  const Rotation rotation = Rotated(wanted);
  ASSERT_NE(rotation.generation, nullptr);
  EXPECT_THAT(Held(rotation), ElementsAre("other"));
}

// ---- while the configuration is rejected

TEST_F(RotationTest, CertificatesAreRenewedWhileTheConfigurationCannotBeRead) {
  Renew(kChain, kKey);
  const Rotation rotation = Under(nullptr);
  EXPECT_THAT(rotation.held, IsEmpty());
  EXPECT_FALSE(Keeps(rotation, "public"));
}

TEST_F(RotationTest, NewTrustIsNotLoadedWhileTheConfigurationCannotBeRead) {
  Renew(kChain, kKey);
  files_.Put(kCa, RootPem() + AnotherRootPem());
  Renew(kOtherChain, kOtherKey);
  const Rotation rotation = Under(nullptr);
  EXPECT_THAT(Held(rotation), ElementsAre("public"));
  EXPECT_TRUE(Keeps(rotation, "public")) << "its certificate waits, too: all or nothing";
  EXPECT_FALSE(Keeps(rotation, "other"));
}

TEST_F(RotationTest, NoCasListIsLostWhileTheConfigurationCannotBeRead) {
  constexpr char kLists[] = "/tls/ca.crl";
  const auto list = [](const x509::Credential& ca, int64_t this_update) {
    x509::CrlTemplate what = x509::CrlTemplate::Revoking({});
    what.this_update = this_update;
    return x509::ToPem("X509 CRL", x509::MakeCrl(what, ca));
  };
  const std::string root = list(x509::Root(), kNow - 60);
  running_.listeners[0].client_auth.crl_files = {kLists};
  files_.Put(kLists, root + list(x509::Intermediate(), kNow - 60));
  in_use_ = Build(running_).generation;
  ASSERT_NE(in_use_, nullptr);

  files_.Put(kLists, root + list(x509::Intermediate(), kNow));
  EXPECT_THAT(Under(nullptr).held, IsEmpty());
  EXPECT_FALSE(Keeps(Under(nullptr), "public")) << "a renewed list is taken up";

  files_.Put(kLists, root);
  const Rotation rotation = Under(nullptr);
  EXPECT_THAT(Held(rotation), ElementsAre("public"));
  EXPECT_THAT(rotation.held[0].reason, HasSubstr("no longer has a revocation list"));
  EXPECT_TRUE(Keeps(rotation, "public"));
  EXPECT_THAT(Rotated(running_).held, IsEmpty()) << "under a good configuration it is a warning";

  // A list that was lost before does not prevent renewals.
  in_use_ = Rotated(running_).generation;
  Renew(kChain, kKey);
  EXPECT_THAT(Under(nullptr).held, IsEmpty());
  EXPECT_FALSE(Keeps(Under(nullptr), "public"));
}

TEST_F(RotationTest, FilesWaitWithTheSettingsThatAreRejectedWithThem) {
  config::Config on_disk = running_;
  on_disk.listeners[0].policy.default_allow = false;
  files_.Put(kCa, RootPem() + AnotherRootPem());
  files_.Put(kOtherCa, RootPem() + AnotherRootPem());
  const Rotation rotation = Under(&on_disk);
  EXPECT_THAT(Held(rotation), ElementsAre("public"));
  EXPECT_THAT(rotation.held[0].reason, HasSubstr("settings"));
  EXPECT_FALSE(Keeps(rotation, "other")) << "whose settings are the same in both";
}

TEST_F(RotationTest, NothingWaitsIfNothingHasChanged) {
  config::Config on_disk = running_;
  on_disk.listeners[0].policy.default_allow = false;
  EXPECT_THAT(Under(&on_disk).held, IsEmpty());
  EXPECT_EQ(Under(&on_disk).generation->id, in_use_->id);
}

TEST_F(RotationTest, AListenerCanBeHeldAfterwards) {
  Renew(kChain, kKey);
  Rotation rotation = Rotated(running_);
  Hold("public", "the library refuses it", *in_use_, &rotation);
  EXPECT_TRUE(Keeps(rotation, "public"));
  EXPECT_EQ(rotation.generation->id, in_use_->id);
  EXPECT_TRUE(rotation.Holds("public"));
  EXPECT_FALSE(rotation.Holds("other"));
}

}  // namespace
}  // namespace mantlet::certs
