#include "certs/generation_loader.h"

#include <functional>
#include <string>
#include <vector>

#include "certs/certificate_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/pem.h"
#include "test/certs/material_helper.h"
#include "test/proxy/x509/key_file_maker.h"
#include "test/proxy/x509/pkcs7_maker.h"

namespace mantlet::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using x509::kDay;
using x509::kNow;

BuildResult Build(const config::Config& config, MemoryFileReader& files, int64_t now = kNow) {
  auto images = GenerationLoader::ReadAll(config, files);
  EXPECT_TRUE(images.ok()) << images.status();
  return BuildGeneration(config, *images, now);
}

const config::Diagnostic* FindCode(const BuildResult& result, const std::string& code) {
  for (const config::Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.code == code) return &diagnostic;
  }
  return nullptr;
}

TEST(Generation, HoldsWhatTheFilesHold) {
  MemoryFileReader files = GoodFiles();
  auto generation = GenerationLoader::Load(OneListener(), files, kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  const ListenerMaterial* listener = (*generation)->Find("public");
  ASSERT_NE(listener, nullptr);
  EXPECT_EQ((*generation)->Find("other"), nullptr);
  ASSERT_EQ(listener->certificates.size(), 1u);
  const ServerCertificate& server = listener->certificates[0];
  EXPECT_EQ(server.chain_der.size(), 2u);
  EXPECT_EQ(server.leaf->subject(), "CN=server");
  EXPECT_TRUE(server.key->Matches(*server.leaf));
  EXPECT_THAT(server.names, ElementsAre("server.example", "*.server.example"));
  EXPECT_THAT(server.san_uri, ElementsAre("spiffe://example/server"));
  EXPECT_EQ(server.chain_file, kChain);
  EXPECT_EQ(server.key_file, kKey);
  ASSERT_EQ(listener->anchors.size(), 1u);
  EXPECT_EQ(listener->anchors[0].file, kCa);
  EXPECT_EQ(listener->trust->anchors().size(), 1u);
  EXPECT_EQ((*generation)->loaded_at, kNow);
  EXPECT_THAT((*generation)->warnings, IsEmpty());
}

TEST(Generation, WithoutClientAuthenticationNoTrustIsLoaded) {
  config::Config config = OneListener();
  config.listeners[0].client_auth.mode = config::ClientAuthMode::kNone;
  MemoryFileReader files = GoodFiles();
  files.Remove(kCa);
  auto generation = GenerationLoader::Load(config, files, kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ((*generation)->listeners[0].trust, nullptr);
}

TEST(Generation, OptionalClientAuthenticationWithoutTrustIsRejected) {
  config::Config config = OneListener();
  config.listeners[0].client_auth.mode = config::ClientAuthMode::kOptional;
  MemoryFileReader files = GoodFiles();
  files.Remove(kCa);
  EXPECT_FALSE(GenerationLoader::Load(config, files, kNow).ok());
}

TEST(Generation, AnIntermediateMayBeTheOnlyAnchorByOption) {
  config::Config config = OneListener();
  MemoryFileReader files = GoodFiles();
  files.Put(kCa, x509::Intermediate().certificate->ToPem());
  EXPECT_FALSE(GenerationLoader::Load(config, files, kNow).ok());
  config.listeners[0].client_auth.partial_chain = true;
  auto generation = GenerationLoader::Load(config, files, kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_THAT((*generation)->warnings, IsEmpty());
}

TEST(Generation, ARootIsARootWhateverItsOwnSignatureIs) {
  MemoryFileReader files = GoodFiles();
  files.Put(kCa, x509::Md5Root().certificate->ToPem());
  auto generation = GenerationLoader::Load(OneListener(), files, kNow);
  EXPECT_TRUE(generation.ok()) << generation.status();
}

TEST(Generation, DerFilesServeAsWell) {
  x509::Credential server = x509::MakeCredential(x509::ServerTemplate("s", {"s"}), &x509::Root());
  MemoryFileReader files;
  files.Put(kChain, server.certificate->der());
  files.Put(kKey, server.key->ToDer());
  files.Put(kCa, x509::Root().certificate->der());
  EXPECT_TRUE(GenerationLoader::Load(OneListener(), files, kNow).ok());
}

TEST(Generation, TwoCertificatesForOneNameAreFineIfTheirKeysAreOfDifferentKinds) {
  config::Config config = OneListener();
  config.listeners[0].tls.certificates.push_back({});
  config.listeners[0].tls.certificates[1].bundle = kBundle;
  auto codes = [&](x509::KeyType type) {
    x509::Credential second =
        x509::MakeCredential(x509::ServerTemplate("s", {"server.example"}), &x509::Root(), type);
    MemoryFileReader files = GoodFiles();
    files.Put(kBundle, second.certificate->ToPem() + second.key->ToPem());
    BuildResult result = Build(config, files);
    EXPECT_NE(result.generation, nullptr);
    const config::Diagnostic* diagnostic = FindCode(result, "shadowed");
    return diagnostic == nullptr ? "" : config::Sentence(*diagnostic);
  };
  EXPECT_EQ(codes(x509::KeyType::kEd25519), "");
  EXPECT_EQ(codes(x509::KeyType::kP384), "");
  EXPECT_THAT(codes(x509::KeyType::kP256),
              HasSubstr("the name server.example has another certificate with a key of the same "
                        "kind (ECDSA P-256) in " +
                        std::string(kChain)));
}

TEST(Generation, ABundleMayHaveAnyOrder) {
  config::Config config = OneListener();
  config.listeners[0].tls.certificates[0] = {};
  config.listeners[0].tls.certificates[0].bundle = kBundle;
  const std::string key = Server().key->ToPem(), leaf = Server().certificate->ToPem(),
                    intermediate = x509::Intermediate().certificate->ToPem();
  for (const std::string& bundle :
       {key + leaf + intermediate, leaf + intermediate + key, intermediate + key + leaf}) {
    MemoryFileReader files = GoodFiles();
    files.Put(kBundle, bundle);
    auto generation = GenerationLoader::Load(config, files, kNow);
    ASSERT_TRUE(generation.ok()) << generation.status();
    const ServerCertificate& server = (*generation)->listeners[0].certificates[0];
    EXPECT_EQ(server.leaf->subject(), "CN=server");
    EXPECT_EQ(server.chain[1]->subject(), "CN=intermediate");
    EXPECT_EQ(server.chain_file, kBundle);
    EXPECT_EQ(server.key_file, kBundle);
  }
}

TEST(Generation, Pkcs12OpensWithThePassphraseFileAndItsLineEnd) {
  config::Config config = OneListener();
  config.listeners[0].tls.certificates[0] = {};
  config.listeners[0].tls.certificates[0].pkcs12 = kPkcs12;
  config.listeners[0].tls.certificates[0].passphrase_file = kPassphrase;
  MemoryFileReader files = GoodFiles();
  files.Put(kPkcs12,
            *x509::MakePkcs12(*Server().key,
                              {Server().certificate, x509::Intermediate().certificate}, "sesame"));
  files.Put(kPassphrase, "sesame\n");
  EXPECT_TRUE(GenerationLoader::Load(config, files, kNow).ok());
  files.Put(kPassphrase, "wrong");
  BuildResult result = Build(config, files);
  const config::Diagnostic* diagnostic = FindCode(result, "wrong_passphrase");
  ASSERT_NE(diagnostic, nullptr);
  EXPECT_THAT(config::Sentence(*diagnostic),
              HasSubstr("the passphrase is wrong; check " + std::string(kPassphrase)));
}

TEST(Generation, ATrustStoreOpensWithItsPassphraseFile) {
  config::Config config = OneListener();
  MemoryFileReader files = GoodFiles();
  files.Put(kPkcs12, x509::MakeTrustStore(x509::Root().certificate, "changeit"));
  files.Put(kPassphrase, "changeit\n");
  auto& trust = config.listeners[0].client_auth.trust_bundle;
  trust = {config::TrustFile{kPkcs12, kPassphrase}};
  EXPECT_THAT(MaterialFiles(config), ElementsAre(kChain, kKey, kPkcs12, kPassphrase));
  auto generation = GenerationLoader::Load(config, files, kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  EXPECT_EQ((*generation)->listeners[0].anchors.size(), 1u);
  EXPECT_THAT((*generation)->warnings, IsEmpty());

  files.Put(kPassphrase, "wrong");
  const BuildResult wrong = Build(config, files);
  ASSERT_NE(FindCode(wrong, "wrong_passphrase"), nullptr);
  EXPECT_EQ(FindCode(wrong, "wrong_passphrase")->hint, "check " + std::string(kPassphrase));
  EXPECT_EQ(wrong.diagnostics.size(), 1u) << config::JoinErrors(wrong.diagnostics);

  trust = {config::TrustFile{kPkcs12, ""}};
  const BuildResult none = Build(config, files);
  ASSERT_NE(FindCode(none, "wrong_passphrase"), nullptr);
  EXPECT_THAT(
      config::Sentence(*FindCode(none, "wrong_passphrase")),
      HasSubstr(
          "it is PKCS#12 with a passphrase; name it in trust_bundle as {pkcs12: /tls/server.p12"));
}

TEST(Generation, Pkcs7ServesAsChainInAnyOrderAndAsTrustBundle) {
  for (bool pem : {false, true}) {
    MemoryFileReader files = GoodFiles();
    std::string chain = x509::MakePkcs7({x509::Intermediate().certificate, Server().certificate});
    std::string trust = x509::WithIndefiniteLength(x509::MakePkcs7({x509::Root().certificate}));
    files.Put(kChain, pem ? x509::ToPem("PKCS7", chain) : chain);
    files.Put(kCa, pem ? x509::ToPem("CERTIFICATE", trust) : trust);
    auto generation = GenerationLoader::Load(OneListener(), files, kNow);
    ASSERT_TRUE(generation.ok()) << generation.status();
    const ListenerMaterial& listener = (*generation)->listeners[0];
    EXPECT_EQ(listener.certificates[0].leaf->subject(), "CN=server");
    EXPECT_EQ(listener.certificates[0].chain[1]->subject(), "CN=intermediate");
    EXPECT_EQ(listener.anchors.size(), 1u);
    EXPECT_THAT((*generation)->warnings, IsEmpty());
  }
}

TEST(Generation, ALeafInPkcs7IsNoTrustAnchor) {
  MemoryFileReader files = GoodFiles();
  files.Put(kCa, x509::MakePkcs7({Server().certificate}));
  const BuildResult result = Build(OneListener(), files);
  ASSERT_NE(FindCode(result, "leaf_as_ca"), nullptr);
  EXPECT_THAT(FindCode(result, "leaf_as_ca")->what, HasSubstr("certificate 1: "));
}

TEST(Generation, AnEncryptedKeyOpensWithThePassphraseFile) {
  config::Config config = OneListener();
  MemoryFileReader files = GoodFiles();
  files.Put(kKey, x509::ToEncryptedPem(*Server().key, "sesame"));
  BuildResult locked = Build(config, files);
  ASSERT_NE(FindCode(locked, "key_encrypted"), nullptr);
  EXPECT_THAT(FindCode(locked, "key_encrypted")->hint, HasSubstr("passphrase_file"));
  config.listeners[0].tls.certificates[0].passphrase_file = kPassphrase;
  files.Put(kPassphrase, "sesame");
  EXPECT_TRUE(GenerationLoader::Load(config, files, kNow).ok());
}

TEST(Generation, ItsIdIgnoresTheOrderOfTrustBundlesOnly) {
  MemoryFileReader files = GoodFiles();
  x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  files.Put(kCa, x509::Root().certificate->ToPem() + other.certificate->ToPem());
  std::string before = (*GenerationLoader::Load(OneListener(), files, kNow))->id;
  files.Put(kCa, "# reordered\n" + other.certificate->ToPem() + x509::Root().certificate->ToPem());
  EXPECT_EQ((*GenerationLoader::Load(OneListener(), files, kNow + 5))->id, before);
  files.Put(kCa, other.certificate->ToPem());
  EXPECT_NE((*GenerationLoader::Load(OneListener(), files, kNow))->id, before);
}

TEST(Generation, ItsIdChangesWithTheServerCertificate) {
  MemoryFileReader files = GoodFiles();
  std::string before = (*GenerationLoader::Load(OneListener(), files, kNow))->id;
  x509::Credential next = x509::MakeCredential(x509::ServerTemplate("server", {"server.example"}),
                                               &x509::Intermediate());
  files.Put(kChain, ChainPem(next));
  files.Put(kKey, next.key->ToPem());
  EXPECT_NE((*GenerationLoader::Load(OneListener(), files, kNow))->id, before);
}

TEST(Generation, OneBadListenerRejectsAll) {
  config::Config config = OneListener();
  config.listeners.push_back(config.listeners[0]);
  config.listeners[1].name = "second";
  config.listeners[1].client_auth.trust_bundle = {config::TrustFile{"/missing", ""}};
  MemoryFileReader files = GoodFiles();
  BuildResult result = Build(config, files);
  EXPECT_EQ(result.generation, nullptr);
  EXPECT_EQ(result.partial.listeners.size(), 2u);
}

// Some clients check the key usage of an RSA key and reject it, others do not.
TEST(Generation, AnRsaKeyMayBeForEncipherment) {
  MemoryFileReader files = GoodFiles();
  x509::CertificateTemplate what = x509::ServerTemplate("server", {"server.example"});
  what.key_usage = {"keyEncipherment"};
  const x509::Credential server =
      x509::MakeCredential(what, &x509::Intermediate(), x509::KeyType::kRsa2048);
  files.Put(kChain, ChainPem(server));
  files.Put(kKey, server.key->ToPem());
  EXPECT_EQ(FindCode(Build(OneListener(), files), "no_server_purpose"), nullptr);
}

// Mistake is one mistake in the files, with the expected code and a part of the message.
struct Mistake {
  const char* name;
  std::function<void(MemoryFileReader&)> make;
  config::Severity severity;
  const char* code;
  const char* file;
  const char* said;
};

void PutServer(MemoryFileReader& files, const x509::CertificateTemplate& what,
               x509::KeyType type = x509::KeyType::kP256) {
  x509::Credential server = x509::MakeCredential(what, &x509::Intermediate(), type);
  files.Put(kChain, ChainPem(server));
  files.Put(kKey, server.key->ToPem());
}

x509::CertificateTemplate ServerWith(
    const std::function<void(x509::CertificateTemplate&)>& change) {
  x509::CertificateTemplate what = x509::ServerTemplate("server", {"server.example"});
  change(what);
  return what;
}

std::vector<Mistake> ServerMistakes() {
  using Files = MemoryFileReader;
  return {
      {"ChainMissing", [](Files& f) { f.Remove(kChain); }, config::Severity::kError, "unreadable",
       kChain, "No such file"},
      {"ChainEmpty", [](Files& f) { f.Put(kChain, ""); }, config::Severity::kError, "unparsable",
       kChain, "the file is empty"},
      {"ChainCutOff",
       [](Files& f) {
         f.Put(kChain, ChainPem(Server()).substr(0, ChainPem(Server()).size() - 40));
       },
       config::Severity::kError, "unparsable", kChain, "block 2 (CERTIFICATE"},
      {"ChainWithADamagedBlock",
       [](Files& f) {
         f.Put(kChain, Server().certificate->ToPem() +
                           "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n");
       },
       config::Severity::kError, "unparsable", kChain, "it is not an X.509 certificate"},
      {"ChainIsText", [](Files& f) { f.Put(kChain, "hello"); }, config::Severity::kError,
       "unparsable", kChain, "neither PEM nor the DER"},
      {"ChainIsAKey", [](Files& f) { f.Put(kChain, Server().key->ToPem()); },
       config::Severity::kError, "no_certificate", kChain, "contains no certificate"},
      {"KeyMissing", [](Files& f) { f.Remove(kKey); }, config::Severity::kError, "unreadable", kKey,
       "No such file"},
      {"KeyEmpty", [](Files& f) { f.Put(kKey, "\n"); }, config::Severity::kError, "unparsable",
       kKey, "the file is empty"},
      {"KeyIsACertificate", [](Files& f) { f.Put(kKey, Server().certificate->ToPem()); },
       config::Severity::kError, "no_key", kKey, "this is a certificate"},
      {"KeyIsARequest", [](Files& f) { f.Put(kKey, x509::ToPem("CERTIFICATE REQUEST", "0")); },
       config::Severity::kError, "no_key", kKey,
       "it contains no private key, but a certificate signing request; let a CA sign it"},
      {"ChainIsARequest", [](Files& f) { f.Put(kChain, x509::ToPem("CERTIFICATE REQUEST", "0")); },
       config::Severity::kError, "no_certificate", kChain,
       "it contains no certificate, but a certificate signing request"},
      {"TwoKeys", [](Files& f) { f.Put(kKey, Server().key->ToPem() + Server().key->ToPem()); },
       config::Severity::kError, "several_keys", kKey, "more than one"},
      {"KeyOfAnother", [](Files& f) { f.Put(kKey, x509::Root().key->ToPem()); },
       config::Severity::kError, "key_mismatch", kKey, "does not match the certificate CN=server"},
      {"OldEncryption",
       [](Files& f) {
         f.Put(kKey,
               "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0\n\n"
               "AQID\n-----END EC PRIVATE KEY-----\n");
       },
       config::Severity::kError, "key_encrypted", kKey, "passphrase_file"},
      {"WorldReadableKey", [](Files& f) { f.Put(kKey, Server().key->ToPem(), 0644); },
       config::Severity::kWarning, "key_world_readable", kKey, "all users"},
      {"LeafNotFirst",
       [](Files& f) {
         f.Put(kChain, x509::Intermediate().certificate->ToPem() + Server().certificate->ToPem());
       },
       config::Severity::kError, "leaf_not_first", kChain, "put the server certificate first"},
      {"MissingIntermediateMaybe", [](Files& f) { f.Put(kChain, Server().certificate->ToPem()); },
       config::Severity::kWarning, "missing_intermediate", kChain,
       "if its issuer CN=intermediate is an intermediate"},
      {"MissingIntermediateKnown",
       [](Files& f) {
         f.Put(kChain, Server().certificate->ToPem());
         f.Put(kCa, x509::Root().certificate->ToPem() + x509::Intermediate().certificate->ToPem());
       },
       config::Severity::kWarning, "missing_intermediate", kChain,
       "append that intermediate; it is in"},
      {"GapInTheChain",
       [](Files& f) {
         f.Put(kChain, Server().certificate->ToPem() + x509::Root().certificate->ToPem());
       },
       config::Severity::kError, "chain_broken", kChain, "add the intermediate CN=intermediate"},
      {"RootInTheChain",
       [](Files& f) { f.Put(kChain, ChainPem(Server()) + x509::Root().certificate->ToPem()); },
       config::Severity::kNote, "root_in_chain", kChain, "leave the root out"},
      {"Expired",
       [](Files& f) { PutServer(f, ServerWith([](auto& w) { w.not_after = kNow - 3 * kDay; })); },
       config::Severity::kError, "expired", kChain, "expired 3 days ago"},
      {"NotYetValid",
       [](Files& f) { PutServer(f, ServerWith([](auto& w) { w.not_before = kNow + 7200; })); },
       config::Severity::kError, "not_yet_valid", kChain, "in 2 hours"},
      {"ExpiresSoon",
       [](Files& f) { PutServer(f, ServerWith([](auto& w) { w.not_after = kNow + 12 * kDay; })); },
       config::Severity::kWarning, "expires_soon", kChain, "in 12 days"},
      {"ClientPurposeOnly",
       [](Files& f) {
         PutServer(f, ServerWith([](auto& w) { w.extended_key_usage = {"clientAuth"}; }));
       },
       config::Severity::kError, "no_server_purpose", kChain, "serverAuth"},
      {"KeyThatMayNotSign",
       [](Files& f) { PutServer(f, ServerWith([](auto& w) { w.key_usage = {"keyAgreement"}; })); },
       config::Severity::kError, "no_server_purpose", kChain,
       "its key usage (keyAgreement) does not allow signatures"},
      {"NoSan", [](Files& f) { PutServer(f, ServerWith([](auto& w) { w.san = {}; })); },
       config::Severity::kWarning, "san_missing", kChain, "no subject alternative name"},
      {"WeakKey", [](Files& f) { PutServer(f, ServerWith([](auto&) {}), x509::KeyType::kRsa1024); },
       config::Severity::kError, "weak_key", kChain, "RSA 1024"},
      {"WeakSignature",
       [](Files& f) {
         PutServer(
             f, ServerWith([](auto& w) { w.digest = x509::CertificateTemplate::Digest::kSha1; }));
       },
       config::Severity::kError, "weak_signature", kChain, "SHA1"},
      {"CaAsServer",
       [](Files& f) {
         PutServer(f, ServerWith([](auto& w) {
                     w.ca = true;
                     w.key_usage = {"digitalSignature", "keyCertSign"};
                   }));
       },
       config::Severity::kWarning, "leaf_is_ca", kChain, "is a CA certificate"},
  };
}

std::vector<Mistake> TrustMistakes() {
  using Files = MemoryFileReader;
  return {
      {"CaMissing", [](Files& f) { f.Remove(kCa); }, config::Severity::kError, "unreadable", kCa,
       "No such file"},
      {"CaEmpty", [](Files& f) { f.Put(kCa, ""); }, config::Severity::kError, "unparsable", kCa,
       "empty"},
      {"CaHalfWritten",
       [](Files& f) { f.Put(kCa, x509::Root().certificate->ToPem().substr(0, 200)); },
       config::Severity::kError, "unparsable", kCa, "no END line"},
      {"SecondBlockDamaged",
       [](Files& f) {
         f.Put(kCa, x509::Root().certificate->ToPem() + "-----BEGIN CERTIFICATE-----\n!\n");
       },
       config::Severity::kError, "unparsable", kCa, "block 2"},
      {"CaIsAKey", [](Files& f) { f.Put(kCa, Server().key->ToPem()); }, config::Severity::kError,
       "no_ca", kCa, "contains no CA certificate"},
      {"CaIsARequest", [](Files& f) { f.Put(kCa, x509::ToPem("CERTIFICATE REQUEST", "0")); },
       config::Severity::kError, "unexpected_block", kCa,
       "it is a certificate signing request, which does not belong in a trust bundle; let a CA "
       "sign"},
      {"CaIsAKeyStore", [](Files& f) { f.Put(kCa, "\xfe\xed\xfe\xed\x01\x02"); },
       config::Severity::kError, "unparsable", kCa,
       "it is a Java key store (JKS); convert it with: keytool -importkeystore -srckeystore "
       "/tls/ca.crt"},
      {"LeafAsCa", [](Files& f) { f.Put(kCa, ChainPem(Server())); }, config::Severity::kError,
       "leaf_as_ca", kCa, "put the certificate of its issuer here: CN=intermediate"},
      {"KeyInBundle",
       [](Files& f) { f.Put(kCa, x509::Root().certificate->ToPem() + x509::Root().key->ToPem()); },
       config::Severity::kWarning, "key_in_bundle", kCa, "private key"},
      {"IntermediateAlone", [](Files& f) { f.Put(kCa, x509::Intermediate().certificate->ToPem()); },
       config::Severity::kError, "anchor_without_root", kCa, "add the root CN=root"},
      {"UnknownBlock",
       [](Files& f) {
         f.Put(kCa, x509::Root().certificate->ToPem() +
                        "-----BEGIN SOMETHING-----\nAQID\n-----END SOMETHING-----\n");
       },
       config::Severity::kError, "unexpected_block", kCa, "does not belong in a trust bundle"},
      {"AllAnchorsExpired",
       [](Files& f) {
         x509::CertificateTemplate what = x509::CaTemplate("old");
         what.not_after = kNow - kDay;
         f.Put(kCa, x509::MakeCredential(what, nullptr).certificate->ToPem());
       },
       config::Severity::kError, "anchors_expired", kCa, "every trust anchor has expired"},
      {"WeakAnchor",
       [](Files& f) {
         f.Put(kCa, x509::MakeCredential(x509::CaTemplate("weak"), nullptr, x509::KeyType::kRsa1024)
                        .certificate->ToPem());
       },
       config::Severity::kWarning, "anchor_weak", kCa, "RSA 1024"},
  };
}

class OneMistake : public testing::TestWithParam<Mistake> {};

TEST_P(OneMistake, IsReportedWithItsHint) {
  const Mistake& mistake = GetParam();
  MemoryFileReader files = GoodFiles();
  mistake.make(files);
  BuildResult result = Build(OneListener(), files);
  const config::Diagnostic* diagnostic = FindCode(result, mistake.code);
  ASSERT_NE(diagnostic, nullptr) << config::JoinErrors(result.diagnostics);
  EXPECT_EQ(diagnostic->severity, mistake.severity);
  EXPECT_EQ(diagnostic->where.file, mistake.file);
  EXPECT_EQ(diagnostic->listener, "public");
  EXPECT_THAT(config::Sentence(*diagnostic), HasSubstr(mistake.said));
  EXPECT_EQ(result.generation == nullptr, mistake.severity == config::Severity::kError);
}

const auto kName = [](const auto& mistake) { return std::string(mistake.param.name); };
INSTANTIATE_TEST_SUITE_P(Server, OneMistake, testing::ValuesIn(ServerMistakes()), kName);
INSTANTIATE_TEST_SUITE_P(Trust, OneMistake, testing::ValuesIn(TrustMistakes()), kName);

TEST(Generation, AShortLivedCertificateIsNoWarningUntilItsLastThird) {
  MemoryFileReader files = GoodFiles();
  PutServer(files, ServerWith([](auto& w) {
              w.not_before = kNow;
              w.not_after = kNow + kDay;
            }));
  EXPECT_EQ(FindCode(Build(OneListener(), files, kNow + 3600), "expires_soon"), nullptr);
  EXPECT_NE(FindCode(Build(OneListener(), files, kNow + 17 * 3600), "expires_soon"), nullptr);
}

// Returns other bytes for each reading of kChain, a given number of times.
class RestlessReader : public FileReader {
 public:
  explicit RestlessReader(int changes) : files_(GoodFiles()), changes_(changes) {}
  absl::StatusOr<FileContent> Read(const std::string& path) override {
    absl::StatusOr<FileContent> content = files_.Read(path);
    readings_ += path == kChain;
    if (path == kChain && changes_ > 0) content->bytes += std::to_string(changes_--);
    return content;
  }
  int readings() const { return readings_; }

 private:
  MemoryFileReader files_;
  int changes_;
  int readings_ = 0;
};

TEST(GenerationLoader, ReadsAgainUntilTwoReadingsAgree) {
  RestlessReader reader(3);
  EXPECT_TRUE(GenerationLoader::Load(OneListener(), reader, kNow).ok());
}

TEST(GenerationLoader, APollWithTheSameStatesCountsAsTheFirstReading) {
  // After one change the poll and the first reading differ, so a second reading is needed.
  for (int changes : {0, 1}) {
    RestlessReader reader(changes);
    Fingerprints fingerprints;
    const Fingerprints polled = FileSet({kChain, kKey, kCa, "/etc/mantlet.yaml"}).Poll(reader);
    const int before = reader.readings();
    ASSERT_TRUE(GenerationLoader::Load(OneListener(), reader, kNow, &polled, &fingerprints).ok());
    EXPECT_EQ(reader.readings() - before, 1 + changes);
    EXPECT_THAT(ChangedPaths(fingerprints, FileSet({kChain, kKey, kCa}).Poll(reader)), IsEmpty())
        << "what it hands back is what it read";
  }
}

TEST(GenerationLoader, ReturnsTheStatesEvenIfItRejectsTheFiles) {
  MemoryFileReader files = GoodFiles();
  files.Put(kKey, "");
  Fingerprints fingerprints;
  EXPECT_FALSE(GenerationLoader::Load(OneListener(), files, kNow, nullptr, &fingerprints).ok());
  EXPECT_THAT(ChangedPaths(fingerprints, FileSet({kChain, kKey, kCa}).Poll(files)), IsEmpty());
}

TEST(GenerationLoader, GivesUpOnFilesThatNeverStopChanging) {
  RestlessReader reader(1000);
  auto generation = GenerationLoader::Load(OneListener(), reader, kNow);
  EXPECT_EQ(generation.status().code(), absl::StatusCode::kUnavailable);
}

TEST(GenerationLoader, NamesEveryErrorAtOnce) {
  MemoryFileReader files = GoodFiles();
  files.Remove(kChain);
  files.Remove(kCa);
  auto generation = GenerationLoader::Load(OneListener(), files, kNow);
  EXPECT_THAT(std::string(generation.status().message()), HasSubstr(kChain));
  EXPECT_THAT(std::string(generation.status().message()), HasSubstr(kCa));
}

TEST(MaterialFiles, NamesEachFileOnce) {
  config::Config config = OneListener();
  config.listeners.push_back(config.listeners[0]);
  EXPECT_THAT(MaterialFiles(config), ElementsAre(kChain, kKey, kCa));
}

// Tests of certificates in a chain file that are not on the path that clients use.
class ChainFile : public testing::Test {
 protected:
  static x509::CertificateTemplate Ca(const std::string& cn, int64_t not_after = kNow + kDay * 90) {
    x509::CertificateTemplate what = x509::CaTemplate(cn);
    what.not_after = not_after;
    return what;
  }
  // Returns another certificate for the key of `subject`.
  static x509::Credential Cross(const x509::CertificateTemplate& what,
                                const x509::Credential& subject, const x509::Credential& issuer) {
    return {*x509::Issue(what, *subject.key, &issuer), subject.key};
  }
  // Returns the subjects and issuers of the served certificates, or the codes of the errors.
  std::string Served(const std::vector<const x509::Credential*>& chain,
                     const std::vector<const x509::Credential*>& anchors = {&x509::Root()}) {
    MemoryFileReader files = GoodFiles();
    std::string pem, ca;
    for (const x509::Credential* credential : chain) pem += credential->certificate->ToPem();
    for (const x509::Credential* anchor : anchors) ca += anchor->certificate->ToPem();
    files.Put(kChain, pem);
    files.Put(kKey, chain.front()->key->ToPem());
    files.Put(kCa, ca);
    result_ = Build(OneListener(), files);
    std::string text;
    if (result_.generation == nullptr) {
      for (const config::Diagnostic& diagnostic : result_.diagnostics) {
        if (diagnostic.severity == config::Severity::kError)
          text += "error " + diagnostic.code + " ";
      }
      return text;
    }
    const ServerCertificate& server = result_.generation->listeners[0].certificates[0];
    EXPECT_EQ(server.chain.size(), server.chain_der.size());
    for (size_t i = 0; i < server.chain.size(); ++i) {
      EXPECT_EQ(server.chain[i]->der(), server.chain_der[i]);
      text += server.chain[i]->cn() + "<" + server.chain[i]->issuer().substr(3) + " ";
    }
    return text;
  }
  std::string Unused() const {
    const config::Diagnostic* diagnostic = FindCode(result_, "chain_unused");
    return diagnostic == nullptr ? "" : config::Sentence(*diagnostic);
  }

  const x509::Credential new_root_ = x509::MakeCredential(Ca("New"), nullptr);
  const x509::Credential old_root_ = x509::MakeCredential(Ca("Old"), nullptr);
  const x509::Credential issuing_ = x509::MakeCredential(Ca("Issuing"), &new_root_);
  const x509::Credential by_old_ = Cross(Ca("Issuing"), issuing_, old_root_);
  const x509::Credential cross_ = Cross(Ca("New"), new_root_, old_root_);
  const x509::Credential ended_ = Cross(Ca("New", kNow - 10 * kDay), new_root_, old_root_);
  const x509::Credential leaf_ =
      x509::MakeCredential(x509::ServerTemplate("leaf", {"server.example"}), &issuing_);
  BuildResult result_;
};

TEST_F(ChainFile, BothCrossSignsOfAnIntermediateAreServed) {
  EXPECT_EQ(Served({&leaf_, &issuing_, &by_old_}), "leaf<Issuing Issuing<New Issuing<Old ");
  EXPECT_EQ(Served({&leaf_, &by_old_, &issuing_, &cross_}),
            "leaf<Issuing Issuing<Old Issuing<New New<Old ");
  EXPECT_EQ(Unused(), "");
}

TEST_F(ChainFile, AnExpiredCrossSignBehindAGoodPathIsLeftOutWithAWarning) {
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_}), "leaf<Issuing Issuing<New ");
  EXPECT_THAT(Unused(), HasSubstr("CN=New, issued by CN=Old, expired 10 days ago"));
  EXPECT_EQ(Served({&leaf_, &ended_, &issuing_}), "leaf<Issuing Issuing<New ");
  // With its root, which expired at the same time.
  x509::CertificateTemplate what = Ca("Old", kNow - 10 * kDay);
  const x509::Credential ended_root = {*x509::Issue(what, *old_root_.key, nullptr), old_root_.key};
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_, &ended_root}), "leaf<Issuing Issuing<New ");
  // With the root that makes it superfluous.
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_, &new_root_}), "leaf<Issuing Issuing<New New<New ");
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_}, {&new_root_, &old_root_}),
            "leaf<Issuing Issuing<New ");
}

TEST_F(ChainFile, AnExpiredDuplicateOfTheIntermediateIsLeftOut) {
  const x509::Credential twin = Cross(Ca("Issuing", kNow - kDay), issuing_, old_root_);
  EXPECT_EQ(Served({&leaf_, &twin, &issuing_}), "leaf<Issuing Issuing<New ");
}

TEST_F(ChainFile, WhatEveryPathNeedsMustBeValid) {
  const x509::Credential ended = Cross(Ca("Issuing", kNow - kDay), issuing_, new_root_);
  EXPECT_EQ(Served({&leaf_, &ended}), "error expired ");
  EXPECT_EQ(Served({&leaf_, &ended, &new_root_}), "error expired ");
  EXPECT_EQ(Served({&leaf_, &ended}, {&new_root_}), "error expired ");
  // Above another intermediate, on the only path to a known root.
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_, &old_root_}), "error expired ");
  EXPECT_EQ(Served({&leaf_, &issuing_, &ended_}, {&old_root_}), "error expired ");
  const x509::Credential ahead = Cross(
      [] {
        x509::CertificateTemplate what = Ca("Issuing");
        what.not_before = kNow + kDay;
        return what;
      }(),
      issuing_, new_root_);
  EXPECT_EQ(Served({&leaf_, &ahead}), "error not_yet_valid ");
  x509::CertificateTemplate past = x509::ServerTemplate("leaf", {"server.example"});
  past.not_after = kNow - kDay;
  const x509::Credential leaf = x509::MakeCredential(past, &issuing_);
  EXPECT_EQ(Served({&leaf, &issuing_, &by_old_}), "error expired ");
}

TEST_F(ChainFile, AnIssuerMustBeACa) {
  x509::CertificateTemplate what = Ca("Issuing");
  what.ca = false;
  const x509::Credential no_ca = Cross(what, issuing_, new_root_);
  EXPECT_EQ(Served({&leaf_, &no_ca}), "error issuer_not_ca ");
  what.version1 = true;
  const x509::Credential version1 = Cross(what, issuing_, new_root_);
  EXPECT_EQ(Served({&leaf_, &version1}), "error issuer_not_ca ");
}

TEST_F(ChainFile, ALinkMustNotBeMissing) {
  const x509::Credential middle = x509::MakeCredential(Ca("Middle"), &issuing_);
  const x509::Credential leaf =
      x509::MakeCredential(x509::ServerTemplate("leaf", {"server.example"}), &middle);
  EXPECT_EQ(Served({&leaf, &issuing_}), "error chain_broken ");
  EXPECT_EQ(Served({&leaf, &issuing_, &new_root_}), "error chain_broken ");
  EXPECT_EQ(Served({&leaf, &middle, &new_root_}), "error chain_broken ");
}

TEST_F(ChainFile, UnrelatedCertificatesBesideACompletePathAreLeftOut) {
  const x509::Credential stranger = x509::MakeCredential(Ca("Stranger"), &old_root_);
  EXPECT_EQ(Served({&leaf_, &issuing_, &new_root_, &stranger}),
            "leaf<Issuing Issuing<New New<New ");
  EXPECT_THAT(Unused(), HasSubstr("CN=Stranger"));
  EXPECT_EQ(Served({&leaf_, &stranger, &issuing_}, {&new_root_}), "leaf<Issuing Issuing<New ");
  EXPECT_EQ(Served({&leaf_, &issuing_, &stranger}), "error chain_broken ");
  EXPECT_EQ(Served({&leaf_, &issuing_, &issuing_}), "leaf<Issuing Issuing<New ");
}

TEST_F(ChainFile, OneNameInTwoEncodingsIsOneName) {
  const auto printable = [](x509::CertificateTemplate what) {
    what.printable_issuer = true;
    return what;
  };
  const x509::Credential issuing = x509::MakeCredential(printable(Ca("Corp Issuing")), &new_root_);
  const x509::Credential leaf =
      x509::MakeCredential(printable(x509::ServerTemplate("leaf", {"server.example"})), &issuing);
  EXPECT_EQ(Served({&leaf, &new_root_, &issuing}), "leaf<Corp Issuing Corp Issuing<New New<New ");
  // The root of a trust bundle is found, too, and the output has one tree.
  EXPECT_EQ(Served({&leaf, &issuing}, {&issuing, &new_root_}),
            "leaf<Corp Issuing Corp Issuing<New ");
  EXPECT_EQ(FindCode(result_, "anchor_without_root"), nullptr);
  EXPECT_EQ(FindCode(result_, "missing_intermediate"), nullptr);
  const std::string tree = DrawChain({leaf.certificate, issuing.certificate}, 0, kNow);
  EXPECT_THAT(tree, HasSubstr("CN=Corp Issuing  (CA"));
  EXPECT_THAT(tree, HasSubstr("\xe2\x94\x94\xe2\x94\x80 CN=leaf"));
  EXPECT_THAT(tree, testing::Not(HasSubstr("? CN=Corp Issuing")));
}

TEST_F(ChainFile, NamesThatOnlyLookAlikeAreDistinguished) {
  const x509::Credential other = x509::MakeCredential(Ca("Issuin\xc9\xa1"), &new_root_);
  EXPECT_EQ(Served({&leaf_, &other}), "error chain_broken ");
  EXPECT_THAT(config::Sentence(*FindCode(result_, "chain_broken")),
              HasSubstr("the CN has U+0067 in one and U+0261 in the other"));
  const x509::Credential namesake = x509::MakeCredential(Ca("Issuing"), &new_root_);
  EXPECT_EQ(Served({&leaf_, &namesake}), "error chain_broken ");
  EXPECT_THAT(config::Sentence(*FindCode(result_, "chain_broken")),
              HasSubstr("the name is the same, but another key made the signature"));
  const x509::Credential alike = x509::MakeCredential(Ca("N\xd0\xb5w"), nullptr);
  EXPECT_EQ(Served({&leaf_, &issuing_}, {&issuing_, &alike}), "leaf<Issuing Issuing<New ");
  EXPECT_THAT(config::Sentence(*FindCode(result_, "anchor_without_root")),
              HasSubstr("the CN has U+0065 in one and U+0435 in the other"));
}

TEST(Generation, ASelfSignedRootOfVersion1IsAnAnchorWithAWarning) {
  x509::CertificateTemplate what = x509::CaTemplate("Old v1 Root");
  what.version1 = true;
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  MemoryFileReader files = GoodFiles();
  files.Put(kCa, root.certificate->ToPem());
  BuildResult result = Build(OneListener(), files);
  ASSERT_NE(result.generation, nullptr) << config::JoinErrors(result.diagnostics);
  ASSERT_NE(FindCode(result, "anchor_version1"), nullptr);
  // A certificate with another issuer is not a root.
  const x509::Credential below = x509::MakeCredential(what, &x509::Root());
  files.Put(kCa, x509::Root().certificate->ToPem() + below.certificate->ToPem());
  EXPECT_NE(FindCode(Build(OneListener(), files), "leaf_as_ca"), nullptr);
  // In version 3 the basic constraints decide.
  what.version1 = false;
  what.ca = false;
  files.Put(kCa, x509::MakeCredential(what, nullptr).certificate->ToPem());
  EXPECT_NE(FindCode(Build(OneListener(), files), "leaf_as_ca"), nullptr);
}

}  // namespace
}  // namespace mantlet::certs
