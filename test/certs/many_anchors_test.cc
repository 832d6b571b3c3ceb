// The time to load, to print and to compare trust bundles grows with the number of their anchors,
// not with the number of pairs.

#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "certs/certificate_text.h"
#include "certs/generation_diff.h"
#include "certs/generation_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;

constexpr size_t kFew = 500, kMany = 4 * kFew;

// Another certificate for each number.
using Make = x509::Credential (*)(size_t number);

x509::Credential Root(size_t number) {
  return x509::MakeCredential(x509::CaTemplate("root " + std::to_string(number)), nullptr);
}

// A CA changes its key and keeps its name.
x509::Credential Successor(size_t) {
  return x509::MakeCredential(x509::CaTemplate("root"), nullptr);
}

// The issuers are missing, which causes a warning for each.
x509::Credential Orphan(size_t number) {
  const x509::Credential issuer = Root(number);
  return x509::MakeCredential(x509::CaTemplate("CA " + std::to_string(number)), &issuer);
}

std::string Bundle(Make make, size_t count) {
  std::string pem = x509::Root().certificate->ToPem();
  for (size_t i = 0; i < count; ++i) pem += make(i).certificate->ToPem();
  return pem;
}

// The processor time of this thread, in seconds.
double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class ManyAnchorsTest : public testing::TestWithParam<Make> {
 protected:
  BuildResult Load(const std::string& bundle) {
    files_.Put(kCa, bundle);
    const auto material = GenerationLoader::ReadAll(config_, files_);
    return BuildGeneration(config_, *material, x509::kNow);
  }

  // Returns the least processor time of three attempts.
  double SecondsFor(const std::string& bundle) {
    double least = 1e9;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const double begin = CpuSeconds();
      const BuildResult built = Load(bundle);
      std::vector<x509::CertificatePtr> anchors;
      for (const TrustAnchor& anchor : built.partial.listeners[0].anchors) {
        anchors.push_back(anchor.certificate);
      }
      DrawChain(anchors, 0, x509::kNow);
      Generation none;
      WhatChanged(none, built.partial);
      least = std::min(least, CpuSeconds() - begin);
    }
    return least;
  }

  config::Config config_ = OneListener();
  MemoryFileReader files_ = GoodFiles();
};

TEST_P(ManyAnchorsTest, FourTimesAsManyAnchorsTakeAboutFourTimesAsLong) {
  const std::string few = Bundle(GetParam(), kFew), many = Bundle(GetParam(), kMany);
  const double ratio = SecondsFor(many) / SecondsFor(few);
  // A comparison of all pairs takes 16 times as long.
  EXPECT_LT(ratio, 8);
}

INSTANTIATE_TEST_SUITE_P(Bundles, ManyAnchorsTest, testing::Values(&Successor, &Orphan));

TEST_F(ManyAnchorsTest, DuplicatesStayInTheOrderOfTheFileAndAreTrustedOnce) {
  const std::string a = Root(1).certificate->ToPem(), b = Root(2).certificate->ToPem();
  const BuildResult built = Load(b + a + b + a);
  ASSERT_TRUE(built.generation != nullptr);
  const ListenerMaterial& material = built.generation->listeners[0];
  std::vector<std::string> pems;
  for (const TrustAnchor& anchor : material.anchors) pems.push_back(anchor.certificate->ToPem());
  EXPECT_EQ(pems, (std::vector<std::string>{b, a, b, a}));
  EXPECT_EQ(material.trust->anchors().size(), 2U);
  EXPECT_EQ(material.trust->id(), Load(a + b).generation->listeners[0].trust->id());
}

TEST_F(ManyAnchorsTest, TheSameFaultOfManyAnchorsIsReportedOnceAndInTheOrderOfTheFile) {
  const std::string first = Orphan(1).certificate->ToPem(), second = Orphan(2).certificate->ToPem();
  const BuildResult built =
      Load(x509::Root().certificate->ToPem() + second + first + second + first);
  std::vector<std::string> faults;
  for (const config::Diagnostic& diagnostic : built.diagnostics) {
    if (diagnostic.code == "anchor_without_root") faults.push_back(diagnostic.what);
  }
  EXPECT_THAT(faults, testing::ElementsAre(HasSubstr("CN=CA 2"), HasSubstr("CN=CA 1")));
}

TEST_F(ManyAnchorsTest, ANamesakeOfAMissingIssuerIsNamedInALargeBundle) {
  const x509::Credential issuer = x509::MakeCredential(x509::CaTemplate("issuer"), nullptr);
  std::string bundle = Bundle(&Orphan, 400);
  bundle += x509::MakeCredential(x509::CaTemplate("orphan"), &issuer).certificate->ToPem();
  bundle += x509::MakeCredential(x509::CaTemplate("issuer"), nullptr).certificate->ToPem();
  const BuildResult built = Load(bundle);
  EXPECT_THAT(config::Sentence(built.diagnostics.back()),
              HasSubstr("compare CN=issuer: the name is the same, but another key"));
}

TEST_F(ManyAnchorsTest, TheTreeShowsEachCertificateBelowTheKeyThatIssuedIt) {
  const x509::Credential old_key = Successor(0), new_key = Successor(0);
  const x509::Credential by_old = x509::MakeCredential(x509::CaTemplate("by old"), &old_key);
  const x509::Credential by_new = x509::MakeCredential(x509::CaTemplate("by new"), &new_key);
  const std::string tree = DrawChain({by_old.certificate, by_new.certificate, old_key.certificate,
                                      new_key.certificate, old_key.certificate},
                                     0, x509::kNow);
  const auto at = [&](const char* name) { return tree.find(name); };
  EXPECT_LT(at("CN=root"), at("CN=by old"));
  EXPECT_LT(at("CN=by old"), tree.rfind("CN=root"));
  EXPECT_LT(tree.rfind("CN=root"), at("CN=by new"));
  EXPECT_EQ(std::count(tree.begin(), tree.end(), '\n'), 4);
}

}  // namespace
}  // namespace mantlet::certs
