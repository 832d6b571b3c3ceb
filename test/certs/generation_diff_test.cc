#include "certs/generation_diff.h"

#include <string>

#include "certs/generation_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/certs/material_helper.h"
#include "test/proxy/x509/crl_maker.h"

namespace mantlet::certs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GenerationDiffTest : public testing::Test {
 protected:
  GenerationPtr Load() {
    auto generation = GenerationLoader::Load(config_, files_, x509::kNow);
    EXPECT_TRUE(generation.ok()) << generation.status();
    return *generation;
  }

  config::Config config_ = OneListener();
  MemoryFileReader files_ = GoodFiles();
};

TEST_F(GenerationDiffTest, ReportsNoChangeForEqualMaterial) {
  EXPECT_THAT(WhatChanged(*Load(), *Load()), IsEmpty());
}

TEST_F(GenerationDiffTest, ReportsBothSerialsAndDatesOfARenewal) {
  const GenerationPtr before = Load();
  const x509::Credential leaf = x509::MakeCredential(
      x509::ServerTemplate("renewed", {"server.example"}), &x509::Intermediate());
  files_.Put(kChain, ChainPem(leaf));
  files_.Put(kKey, leaf.key->ToPem());
  EXPECT_THAT(WhatChanged(*before, *Load()),
              ElementsAre(AllOf(HasSubstr("listener 'public'"), HasSubstr(kChain),
                                HasSubstr("serial " + leaf.certificate->serial()),
                                HasSubstr("serial " + Server().certificate->serial()),
                                HasSubstr("valid until 2027-"))));
}

TEST_F(GenerationDiffTest, ReportsNewAndRemovedTrustAnchors) {
  const GenerationPtr before = Load();
  files_.Put(kCa, x509::Root().certificate->ToPem() +
                      x509::MakeCredential(x509::CaTemplate("new"), nullptr).certificate->ToPem());
  const GenerationPtr after = Load();
  EXPECT_THAT(WhatChanged(*before, *after), ElementsAre(HasSubstr("trusts CN=new")));
  EXPECT_THAT(WhatChanged(*after, *before), ElementsAre(HasSubstr("no longer trusts CN=new")));
}

TEST_F(GenerationDiffTest, ReportsAnotherRevocationList) {
  config_.listeners[0].client_auth.crl_files = {"/tls/ca.crl"};
  x509::CrlTemplate list = x509::CrlTemplate::Revoking({});
  files_.Put("/tls/ca.crl", x509::MakeCrl(list, x509::Root()));
  const GenerationPtr before = Load();
  list.number = 2;
  files_.Put("/tls/ca.crl", x509::MakeCrl(list, x509::Root()));
  EXPECT_THAT(WhatChanged(*before, *Load()),
              ElementsAre(AllOf(HasSubstr("/tls/ca.crl"), HasSubstr("number 02")),
                          AllOf(HasSubstr("no longer"), HasSubstr("number 01"))));
}

TEST_F(GenerationDiffTest, ReportsTheMaterialOfANewListener) {
  Generation before;
  EXPECT_THAT(WhatChanged(before, *Load()),
              ElementsAre(HasSubstr("is now served"), HasSubstr("trusts CN=root")));
}

}  // namespace
}  // namespace mantlet::certs
