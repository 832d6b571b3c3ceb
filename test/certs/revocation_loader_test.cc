#include "certs/revocation_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/check.h"
#include "certs/diagnostic_sink.h"
#include "certs/file_reader.h"
#include "certs/generation_loader.h"
#include "proxy/x509/pem.h"
#include "test/certs/material_helper.h"
#include "test/proxy/x509/crl_maker.h"

namespace mantlet::certs {
namespace {

using ::testing::HasSubstr;
using x509::CrlTemplate;
using x509::Intermediate;
using x509::kDay;
using x509::kNow;
using x509::Root;

constexpr char kCrl[] = "/tls/ca.crl";

class RevocationLoaderTest : public ::testing::Test {
 protected:
  RevocationLoaderTest() { config_.listeners[0].client_auth.crl_files = {kCrl}; }

  config::ClientAuth& client_auth() { return config_.listeners[0].client_auth; }

  BuildResult Build(const Generation* previous = nullptr) {
    auto reading = GenerationLoader::ReadAll(config_, files_, nullptr, nullptr, previous);
    EXPECT_TRUE(reading.ok()) << reading.status();
    return BuildGeneration(config_, *reading, kNow, previous);
  }

  // Returns "", or "error CODE: WHAT" for each diagnostic.
  std::string Found(const BuildResult& result) {
    std::string found;
    for (const config::Diagnostic& diagnostic : result.diagnostics) {
      const char* word = diagnostic.severity == config::Severity::kError     ? "error "
                         : diagnostic.severity == config::Severity::kWarning ? "warning "
                                                                             : "note ";
      found += word + diagnostic.code + ": " + config::Sentence(diagnostic) + "\n";
    }
    return found;
  }
  std::string FoundWith(const std::string& bytes) {
    files_.Put(kCrl, bytes);
    return Found(Build());
  }

  config::Config config_ = OneListener();
  MemoryFileReader files_ = GoodFiles();
  const std::string good_ = x509::MakeCrl(CrlTemplate::Revoking({}), Root());
};

TEST_F(RevocationLoaderTest, AGoodListIsLoadedAndItsSignerKnown) {
  const std::string pem = x509::ToPem("X509 CRL", good_);
  for (const std::string& bytes : {good_, pem, "\xef\xbb\xbf" + pem}) {
    files_.Put(kCrl, bytes);
    const BuildResult result = Build();
    ASSERT_NE(result.generation, nullptr) << config::JoinErrors(result.diagnostics);
    EXPECT_EQ(Found(result), "");
    const ListenerMaterial& material = result.generation->listeners[0];
    ASSERT_EQ(material.revocation_lists.size(), 1u);
    EXPECT_EQ(material.revocation_lists[0].file, kCrl);
    EXPECT_EQ(material.revocation_lists[0].signer->der(), Root().certificate->der());
    EXPECT_NE(material.revocation, nullptr);
  }
}

TEST_F(RevocationLoaderTest, AFileMayHoldSeveralListsAsPem) {
  files_.Put(kCrl,
             x509::ToPem("X509 CRL", good_) +
                 x509::ToPem("X509 CRL", x509::MakeCrl(CrlTemplate::Revoking({}), Intermediate())));
  const BuildResult result = Build();
  ASSERT_NE(result.generation, nullptr);
  EXPECT_EQ(result.generation->listeners[0].revocation_lists.size(), 2u);
  EXPECT_THAT(Found(result), HasSubstr("note crl_issuer_unknown"));
}

TEST_F(RevocationLoaderTest, TheFilesAreWatched) {
  EXPECT_THAT(MaterialFiles(config_), testing::Contains(kCrl));
  client_auth().mode = config::ClientAuthMode::kNone;
  EXPECT_THAT(MaterialFiles(config_), testing::Not(testing::Contains(kCrl)));
}

TEST_F(RevocationLoaderTest, AnotherListIsAnotherGeneration) {
  files_.Put(kCrl, good_);
  const std::string before = Build().generation->id;
  files_.Put(kCrl, x509::ToPem("X509 CRL", good_));
  EXPECT_EQ(Build().generation->id, before);
  files_.Put(kCrl, x509::MakeCrl(CrlTemplate::Revoking({&Intermediate()}), Root()));
  EXPECT_NE(Build().generation->id, before);
  files_.Put(kCrl, good_);
  client_auth().crl_policy = config::CrlPolicy::kRequire;
  EXPECT_NE(Build().generation->id, before);
}

TEST_F(RevocationLoaderTest, AListThatHasNotChangedIsReused) {
  files_.Put(kCrl, good_);
  const GenerationPtr before = Build().generation;
  const GenerationPtr after = Build(before.get()).generation;
  EXPECT_EQ(after->listeners[0].revocation_lists[0].list,
            before->listeners[0].revocation_lists[0].list);
}

TEST_F(RevocationLoaderTest, AFileThatChangedWhileItWasReadIsParsedTheNextTime) {
  files_.Put(kCrl, good_);
  const RevocationFilePtr first = ReadRevocationFile(kCrl, files_, nullptr, nullptr);
  ASSERT_TRUE(first->status.ok());
  EXPECT_EQ(ReadRevocationFile(kCrl, files_, &first->state, first), first);
  files_.Put(kCrl, x509::ToPem("X509 CRL", good_));
  const RevocationFilePtr changed = ReadRevocationFile(kCrl, files_, &first->state, first);
  EXPECT_FALSE(changed->status.ok());
  const RevocationFilePtr again = ReadRevocationFile(kCrl, files_, &changed->state, changed);
  EXPECT_TRUE(again->status.ok()) << again->status;
  EXPECT_EQ(again->lists.size(), 1u);
  // A damaged file has the same state in every reading.
  files_.Put(kCrl, "nonsense");
  const RevocationFilePtr damaged = ReadRevocationFile(kCrl, files_, nullptr, nullptr);
  EXPECT_EQ(ReadRevocationFile(kCrl, files_, &damaged->state, damaged)->status, damaged->status);
}

TEST_F(RevocationLoaderTest, AnUnusableListIsAnErrorWithTheReason) {
  EXPECT_THAT(Found(Build()), HasSubstr("error unreadable"));
  EXPECT_THAT(FoundWith(""), HasSubstr("error unparsable: /tls/ca.crl: the file is empty"));
  EXPECT_THAT(FoundWith("nonsense"), HasSubstr("it contains no revocation list"));
  EXPECT_THAT(FoundWith(good_.substr(0, good_.size() / 2)), HasSubstr("error unparsable"));
  const std::string pem = x509::ToPem("X509 CRL", good_);
  EXPECT_THAT(FoundWith(pem.substr(0, pem.size() / 2)),
              HasSubstr("block 1 (X509 CRL, line 1): there is no END line"));
  EXPECT_THAT(FoundWith(pem + Root().certificate->ToPem()),
              HasSubstr("block 2 (CERTIFICATE, line "));
  EXPECT_THAT(FoundWith(Root().certificate->der()), HasSubstr("error unparsable"));
  CrlTemplate delta = CrlTemplate::Revoking({});
  delta.extensions = x509::Extension("\x55\x1d\x1b", true, "\x02\x01\x01");
  EXPECT_THAT(FoundWith(x509::ToPem("X509 CRL", x509::MakeCrl(delta, Root()))),
              HasSubstr("block 1 (X509 CRL, line 1): it is a delta list"));
}

TEST_F(RevocationLoaderTest, APathThatIsNotAFileIsReportedLikeForOtherFiles) {
  DiskFileReader disk;
  client_auth().crl_files = {"/", "/dev/null", "/no/such"};
  RevocationFiles lists;
  for (const std::string& path : client_auth().crl_files) {
    lists[path] = ReadRevocationFile(path, disk, nullptr, nullptr);
  }
  BuildResult result;
  DiagnosticSink sink("public", &result.diagnostics);
  ListenerMaterial material;
  LoadRevocationLists(client_auth(), lists, kNow, &sink, &material);
  const std::string found = Found(result);
  EXPECT_THAT(found, HasSubstr("Is a directory; name the file in it"));
  EXPECT_THAT(found, HasSubstr("a device; put a regular file there"));
  EXPECT_THAT(found, HasSubstr("No such file or directory; check the path"));
}

TEST_F(RevocationLoaderTest, AListInAnAnchorsNameByAnotherKeyIsAnError) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.issuer_der = Root().certificate->subject_der();
  EXPECT_THAT(FoundWith(x509::MakeCrl(what, Intermediate())),
              HasSubstr("error crl_wrong_signature"));
}

TEST_F(RevocationLoaderTest, ACaThatMayNotSignListsIsAnError) {
  x509::CertificateTemplate what = x509::CaTemplate("mute");
  what.key_usage = {"keyCertSign"};
  const x509::Credential ca = MakeCredential(what, nullptr);
  files_.Put("/tls/mute.crt", ca.certificate->ToPem());
  client_auth().trust_bundle.push_back({"/tls/mute.crt", ""});
  EXPECT_THAT(FoundWith(x509::MakeCrl(CrlTemplate::Revoking({}), ca)),
              HasSubstr("error crl_issuer_may_not_sign"));
}

TEST_F(RevocationLoaderTest, AnExpiredListIsAWarningWithItsConsequence) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.next_update = kNow - 3600;
  const std::string crl = x509::MakeCrl(what, Root());
  EXPECT_THAT(FoundWith(crl), HasSubstr("warning crl_expired"));
  EXPECT_THAT(FoundWith(crl), HasSubstr("rejected"));
  client_auth().crl_expired = config::ExpiredCrl::kUse;
  EXPECT_THAT(FoundWith(crl), HasSubstr("still used"));
}

TEST_F(RevocationLoaderTest, AListFromTheFutureIsAWarning) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.this_update = kNow + kDay;
  EXPECT_THAT(FoundWith(x509::MakeCrl(what, Root())), HasSubstr("warning crl_not_yet_valid"));
}

TEST_F(RevocationLoaderTest, RequireWarnsOfEachAnchorWithoutAList) {
  client_auth().crl_policy = config::CrlPolicy::kRequire;
  EXPECT_EQ(FoundWith(good_), "");
  EXPECT_THAT(FoundWith(x509::MakeCrl(CrlTemplate::Revoking({}), Intermediate())),
              HasSubstr("warning crl_missing"));
}

TEST_F(RevocationLoaderTest, AnOlderListThanTheOneInUseIsAWarning) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.number = 9;
  files_.Put(kCrl, x509::MakeCrl(what, Root()));
  const GenerationPtr before = Build().generation;
  EXPECT_EQ(Found(Build(before.get())), "");
  files_.Put(kCrl, good_);
  EXPECT_THAT(Found(Build(before.get())), HasSubstr("warning crl_older"));
}

TEST_F(RevocationLoaderTest, CheckShowsTheList) {
  files_.Put(kCrl, good_);
  const CheckReport report = CheckMaterial(config_, files_, kNow);
  EXPECT_TRUE(report.ok);
  EXPECT_THAT(report.text, HasSubstr("revocation list /tls/ca.crl"));
  EXPECT_THAT(report.text, HasSubstr("signature verified"));
  EXPECT_THAT(report.json.dump(), HasSubstr(R"("revocation_lists":[{"file":"/tls/ca.crl")"));
  EXPECT_THAT(report.json.dump(), HasSubstr(R"("signature_verified":true)"));
}

TEST_F(RevocationLoaderTest, WarnsOfAnAnchorWithoutAListWhereListsAreInUse) {
  EXPECT_EQ(FoundWith(good_), "");
  const std::string other = x509::MakeCrl(CrlTemplate::Revoking({}),
                                          x509::MakeCredential(x509::CaTemplate("other"), nullptr));
  const std::string found = FoundWith(other);
  EXPECT_THAT(found, HasSubstr("warning crl_missing"));
  EXPECT_THAT(found, HasSubstr("CN=root"));
  EXPECT_THAT(found, HasSubstr("accepted without"));
  EXPECT_THAT(Build().partial.listeners[0].without_list, ::testing::ElementsAre("CN=root"));
  client_auth().crl_files.clear();
  EXPECT_EQ(Found(Build()), "") << "who uses no lists is not reminded of them";
}

// One list, signed with the new key, covers the certificates of both keys.
TEST_F(RevocationLoaderTest, ACaWithTwoKeysNeedsOneList) {
  const x509::Credential old_ca = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  files_.Put("/tls/old.crt", old_ca.certificate->ToPem());
  client_auth().trust_bundle.push_back({"/tls/old.crt", ""});
  for (const config::CrlPolicy policy :
       {config::CrlPolicy::kIfPresent, config::CrlPolicy::kRequire}) {
    client_auth().crl_policy = policy;
    EXPECT_EQ(FoundWith(good_), "");
    EXPECT_TRUE(Build().partial.listeners[0].without_list.empty());
    EXPECT_EQ(FoundWith(x509::MakeCrl(CrlTemplate::Revoking({}), old_ca)), "");
  }
  const x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  EXPECT_THAT(
      FoundWith(x509::MakeCrl(CrlTemplate::Revoking({}), other)),
      HasSubstr("warning crl_missing: /tls/old.crt: there is no revocation list of CN=root"));
}

TEST_F(RevocationLoaderTest, ANamesakeInATrustDomainOfItsOwnNeedsAListOfItsOwn) {
  const x509::Credential authority = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  files_.Put("/tls/spiffe.crt", authority.certificate->ToPem());
  client_auth().spiffe.trust_domains = {{"example.org", {"/tls/spiffe.crt"}, {}}};
  EXPECT_THAT(FoundWith(good_), HasSubstr("warning crl_missing: /tls/spiffe.crt"));
}

TEST_F(RevocationLoaderTest, WarnsOfListsThatCoverSomeReasonsOnly) {
  CrlTemplate what = CrlTemplate::Revoking({});
  // keyCompromise and cACompromise (RFC 5280, 5.2.5); with only such lists no client is accepted.
  what.extensions = x509::Extension("\x55\x1d\x1c", true, "\x30\x04\x83\x02\x05\x60");
  const std::string found = FoundWith(x509::MakeCrl(what, Root()));
  EXPECT_THAT(found, HasSubstr("warning crl_missing"));
  EXPECT_THAT(found, HasSubstr("do not cover all reasons"));
  EXPECT_THAT(found, ::testing::Not(HasSubstr("accepted without")));
}

TEST_F(RevocationLoaderTest, WarnsOfAnIssuerThatHadAListAndHasNoneUntilItIsBack) {
  // The earlier lists of an intermediate are known only from the generation in use.
  const std::string intermediate = x509::MakeCrl(CrlTemplate::Revoking({}), Intermediate());
  client_auth().crl_files = {kCrl, "/tls/intermediate.crl"};
  files_.Put(kCrl, good_);
  files_.Put("/tls/intermediate.crl", intermediate);
  const BuildResult first = Build();
  ASSERT_NE(first.generation, nullptr) << Found(first);
  files_.Put("/tls/intermediate.crl", good_);
  const BuildResult second = Build(first.generation.get());
  ASSERT_NE(second.generation, nullptr) << "it is a warning";
  EXPECT_THAT(Found(second), HasSubstr("warning crl_gone: /tls/intermediate.crl: the revocation "
                                       "list of CN=intermediate"));
  const BuildResult third = Build(second.generation.get());
  EXPECT_THAT(Found(third), HasSubstr("crl_gone")) << "another reload does not forget it";
  EXPECT_THAT(third.partial.listeners[0].without_list, ::testing::ElementsAre("CN=intermediate"));
  files_.Put("/tls/intermediate.crl", intermediate);
  const BuildResult fourth = Build(third.generation.get());
  EXPECT_THAT(Found(fourth), ::testing::Not(HasSubstr("crl_gone")));
  EXPECT_TRUE(fourth.partial.listeners[0].without_list.empty());
}

TEST_F(RevocationLoaderTest, ACaThatIsRetiredTogetherWithItsListIsForgotten) {
  const x509::Credential old_ca = x509::MakeCredential(x509::CaTemplate("old"), nullptr);
  const std::string old_list = x509::MakeCrl(CrlTemplate::Revoking({}), old_ca);
  client_auth().crl_files = {kCrl, "/tls/old.crl"};
  client_auth().trust_bundle.push_back({"/tls/old.crt", ""});
  files_.Put(kCrl, good_);
  files_.Put("/tls/old.crl", old_list);
  files_.Put("/tls/old.crt", old_ca.certificate->ToPem());
  const GenerationPtr both = Build().generation;
  ASSERT_NE(both, nullptr);

  files_.Put("/tls/old.crl", good_);
  const BuildResult lost = Build(both.get());
  EXPECT_THAT(Found(Build(lost.generation.get())), HasSubstr("crl_gone")) << "it is trusted still";

  files_.Put("/tls/old.crt", Root().certificate->ToPem());
  for (const Generation* before : {both.get(), lost.generation.get()}) {
    const BuildResult retired = Build(before);
    ASSERT_NE(retired.generation, nullptr);
    EXPECT_THAT(Found(retired), HasSubstr("if the CA was removed together with its list"));
    EXPECT_TRUE(retired.partial.listeners[0].without_list.empty());
    EXPECT_EQ(Found(Build(retired.generation.get())), "");
  }
}

// A CA may have a list for users' certificates and another one for CAs' (RFC 5280, 5.2.5).
class SplitListsTest : public RevocationLoaderTest {
 protected:
  SplitListsTest() {
    client_auth().crl_files = {kCrl, kUsers, kCas};
    files_.Put(kCrl, good_);
    files_.Put(kUsers, users_);
    files_.Put(kCas, cas_);
  }

  static std::string ListFor(uint8_t field) {
    CrlTemplate what = CrlTemplate::Revoking({});
    const std::string point = {'\x30', '\x03', static_cast<char>(field), '\x01', '\xff'};
    what.extensions = x509::Extension("\x55\x1d\x1c", true, point);
    return x509::MakeCrl(what, Intermediate());
  }
  std::string FoundAfter(const Generation& before) { return Found(Build(&before)); }

  static constexpr char kUsers[] = "/tls/users.crl", kCas[] = "/tls/cas.crl";
  const std::string users_ = ListFor(0x81), cas_ = ListFor(0x82);
  const std::string full_ = x509::MakeCrl(CrlTemplate::Revoking({}), Intermediate());
};

TEST_F(SplitListsTest, WarnsOfAnIssuerThatNoLongerHasAListForUsers) {
  const GenerationPtr both = Build().generation;
  ASSERT_NE(both, nullptr);
  files_.Put(kUsers, cas_);
  const BuildResult lost = Build(both.get());
  ASSERT_NE(lost.generation, nullptr) << "it is a warning";
  EXPECT_THAT(Found(lost), HasSubstr("warning crl_gone: /tls/users.crl: the revocation list of "
                                     "CN=intermediate for users' certificates"));
  EXPECT_THAT(lost.partial.listeners[0].without_list, ::testing::ElementsAre("CN=intermediate"));
  EXPECT_THAT(FoundAfter(*lost.generation), HasSubstr("crl_gone")) << "a reload does not forget it";
  files_.Put(kUsers, users_);
  EXPECT_THAT(FoundAfter(*lost.generation), ::testing::Not(HasSubstr("crl_gone")));
}

TEST_F(SplitListsTest, WarnsOfAFullListThatBecomesOneForCas) {
  files_.Put(kUsers, full_);
  const GenerationPtr full = Build().generation;
  files_.Put(kUsers, cas_);
  EXPECT_THAT(FoundAfter(*full), HasSubstr("for users' certificates was in use"));
}

TEST_F(SplitListsTest, NoListIsLostIfListsAreSplitOrMerged) {
  const GenerationPtr split = Build().generation;
  files_.Put(kUsers, full_);
  files_.Put(kCas, full_);
  const BuildResult full = Build(split.get());
  EXPECT_THAT(Found(full), ::testing::Not(HasSubstr("crl_gone")));
  files_.Put(kUsers, users_);
  files_.Put(kCas, cas_);
  EXPECT_THAT(FoundAfter(*full.generation), ::testing::Not(HasSubstr("crl_gone")));
}

}  // namespace
}  // namespace mantlet::certs
