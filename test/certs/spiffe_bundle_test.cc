#include "certs/spiffe_bundle.h"

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/jwk.h"
#include "test/certs/bundle_json.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::certs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Complaint(const std::string& json) {
  return std::string(ParseSpiffeBundle(json).status().message());
}

// Returns the subjects of the authorities with their positions, or the error.
std::vector<std::string> Authorities(const std::string& json) {
  absl::StatusOr<SpiffeBundle> bundle = ParseSpiffeBundle(json);
  if (!bundle.ok()) return {std::string(bundle.status().message())};
  std::vector<std::string> authorities;
  for (const SpiffeBundle::Authority& authority : bundle->authorities) {
    authorities.push_back(authority.where + " " + authority.certificate->subject());
  }
  return authorities;
}

std::string RootKey() { return KeyJson(*x509::Root().certificate); }

// Returns a key with all the members for its kind.
std::string WholeKeyJson(const x509::Certificate& authority) {
  const x509::Jwk jwk = x509::DescribeAsJwk(authority);
  std::string members = R"("kty":")" + jwk.kty + "\"";
  if (!jwk.crv.empty()) members += R"(,"crv":")" + jwk.crv + "\"";
  for (const auto& [name, number] : jwk.numbers) {
    members += ",\"" + name + "\":\"" + absl::WebSafeBase64Escape(number) + "\"";
  }
  return "{" + members + R"(,"use":"x509-svid","x5c":[")" + absl::Base64Escape(authority.der()) +
         R"("]})";
}

TEST(SpiffeBundle, HoldsTheX509AuthoritiesInOrder) {
  EXPECT_THAT(Authorities(KeysJson({RootKey(), KeyJson(*x509::Intermediate().certificate)})),
              ElementsAre("keys[0] CN=root", "keys[1] CN=intermediate"));
}

TEST(SpiffeBundle, AnEmptyListOfKeysIsABundleWithoutAuthorities) {
  EXPECT_THAT(Authorities(R"({"keys":[]})"), IsEmpty());
}

TEST(SpiffeBundle, WithoutKeysItIsNoBundle) {
  EXPECT_EQ(Complaint("{}"), "it has no 'keys'");
  EXPECT_EQ(Complaint(R"({"Keys":[]})"), "it has no 'keys'");
  EXPECT_EQ(Complaint(R"({"keys":{}})"), "its 'keys' is not a list");
  EXPECT_EQ(Complaint(R"({"keys":null})"), "its 'keys' is not a list");
  EXPECT_EQ(Complaint("[]"), "it is not a JSON object");
  EXPECT_EQ(Complaint(R"({"keys":[7]})"), "keys[0]: it is not an object");
}

TEST(SpiffeBundle, IgnoresOtherUsesAndKinds) {
  for (const char* key :
       {R"({"kty":"EC","use":"jwt-svid","kid":"a","x":"…","y":"…"})", R"({"kty":"EC","use":"sig"})",
        R"({"kty":"EC"})", R"({"kty":"EC","use":7})", R"({"kty":"EC","use":"X509-SVID"})", "{}",
        R"({"kty":"AKP","use":"x509-svid","x5c":["garbage"]})"}) {
    EXPECT_THAT(Authorities(KeysJson({key, RootKey(), key})), ElementsAre("keys[1] CN=root"))
        << key;
  }
}

TEST(SpiffeBundle, IgnoresKeysWithoutACertificate) {
  EXPECT_THAT(Authorities(KeysJson({R"({"kty":"EC","use":"x509-svid"})",
                                    R"({"kty":"EC","use":"x509-svid","x5c":[]})", RootKey()})),
              ElementsAre("keys[2] CN=root"));
}

TEST(SpiffeBundle, TakesTheFirstCertificateOfAKeyOnly) {
  const std::string second =
      ",\"" + absl::Base64Escape(x509::Intermediate().certificate->der()) + "\",7,\"garbage\"]";
  EXPECT_THAT(Authorities(KeysJson({absl::StrReplaceAll(RootKey(), {{"]", second}})})),
              ElementsAre("keys[0] CN=root"));
}

TEST(SpiffeBundle, ADamagedCertificateIsAnErrorThatNamesTheKey) {
  const auto key = [](const std::string& x5c) {
    return KeysJson({RootKey(), R"({"kty":"EC","use":"x509-svid","x5c":)" + x5c + "}"});
  };
  EXPECT_EQ(Complaint(key(R"(["%%%"])")), "keys[1]: the first entry of its x5c is not base64");
  EXPECT_EQ(Complaint(key("[7]")), "keys[1]: the first entry of its x5c is not base64");
  EXPECT_EQ(Complaint(key("{}")), "keys[1]: its x5c is not a list");
  EXPECT_THAT(Complaint(key(R"(["AAAA"])")),
              testing::StartsWith("keys[1]: the first entry of its x5c: it is not an X.509"));
  const std::string der = x509::Root().certificate->der();
  const std::string torn = absl::Base64Escape(der.substr(0, der.size() / 2));
  EXPECT_NE(Complaint(key("[\"" + torn + "\"]")), "");
  EXPECT_EQ(Complaint(KeysJson({R"({"use":"x509-svid","x5c":["AAAA"]})"})),
            "keys[0]: it has no kty");
}

TEST(SpiffeBundle, TheCertificateMatchesTheKeyInTheSameEntry) {
  for (x509::KeyType type : {x509::KeyType::kP256, x509::KeyType::kP384, x509::KeyType::kRsa2048,
                             x509::KeyType::kEd25519}) {
    const x509::Credential ca = x509::MakeCredential(x509::CaTemplate("ca"), nullptr, type);
    const x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr, type);
    const std::string key = WholeKeyJson(*ca.certificate);
    EXPECT_THAT(Authorities(KeysJson({key})), ElementsAre("keys[0] CN=ca"));
    const std::string swapped =
        absl::StrReplaceAll(key, {{absl::Base64Escape(ca.certificate->der()),
                                   absl::Base64Escape(other.certificate->der())}});
    EXPECT_EQ(Complaint(KeysJson({swapped})),
              "keys[0]: its x5c is the certificate of another key than the one in the same entry");
  }
}

TEST(SpiffeBundle, AKeyOfAnotherKindThanItsCertificateIsAnError) {
  for (const auto& [from, to] : {std::pair("\"EC\"", "\"RSA\""), std::pair("P-256", "P-384")}) {
    EXPECT_NE(Complaint(KeysJson(
                  {absl::StrReplaceAll(WholeKeyJson(*x509::Root().certificate), {{from, to}})})),
              "")
        << to;
  }
}

TEST(SpiffeBundle, ReportsSequenceAndRefreshHint) {
  auto bundle = ParseSpiffeBundle(
      R"({"spiffe_sequence":18446744073709551615,"spiffe_refresh_hint":300,"keys":[],"more":[1]})");
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ(bundle->sequence, 18446744073709551615u);
  EXPECT_EQ(bundle->refresh_hint, 300u);
  bundle = ParseSpiffeBundle(R"({"keys":[]})");
  ASSERT_TRUE(bundle.ok());
  EXPECT_EQ(bundle->sequence, std::nullopt);
  for (const char* value : {"-1", "1.5", "\"1\"", "18446744073709551616", "null"}) {
    EXPECT_EQ(Complaint(std::string(R"({"keys":[],"spiffe_sequence":)") + value + "}"),
              "spiffe_sequence is not a whole number from 0 to 18446744073709551615")
        << value;
  }
}

TEST(SpiffeBundle, AnyTornPrefixIsRejected) {
  const std::string whole = KeysJson({RootKey()});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ParseSpiffeBundle(whole.substr(0, length)).ok()) << length;
  }
}

TEST(SpiffeBundle, DuplicateNamesAreRejected) {
  EXPECT_EQ(Complaint(R"({"keys":[],"keys":[]})"), "the name 'keys' occurs twice in one object");
}

TEST(SpiffeBundleMap, HoldsABundleForEachTrustDomain) {
  auto bundles = ParseSpiffeBundleMap(R"({"trust_domains":{"b.example":)" + KeysJson({RootKey()}) +
                                      R"(,"a.example":{"keys":[],"spiffe_sequence":3}}})");
  ASSERT_TRUE(bundles.ok()) << bundles.status();
  ASSERT_EQ(bundles->size(), 2u);
  EXPECT_EQ(bundles->at("a.example").sequence, 3u);
  EXPECT_THAT(bundles->at("a.example").authorities, IsEmpty());
  EXPECT_EQ(bundles->at("b.example").authorities.size(), 1u);
}

TEST(SpiffeBundleMap, MayBeEmpty) {
  auto bundles = ParseSpiffeBundleMap(R"({"trust_domains":{}})");
  ASSERT_TRUE(bundles.ok());
  EXPECT_TRUE(bundles->empty());
}

TEST(SpiffeBundleMap, OneBadBundleRejectsTheWhole) {
  const auto complaint = [](const std::string& json) {
    return std::string(ParseSpiffeBundleMap(json).status().message());
  };
  EXPECT_EQ(complaint(R"({"trust_domains":{"a":{"keys":[]},"b":{}}})"),
            "trust domain 'b': it has no 'keys'");
  EXPECT_EQ(complaint(R"({"trust_domains":{"A":{"keys":[]}}})"),
            "trust domain 'A': the trust domain is not in lower case");
  EXPECT_EQ(complaint(R"({"trust_domains":{"":{"keys":[]}}})"),
            "trust domain '': the trust domain is empty");
  EXPECT_EQ(complaint(R"({"trust_domains":{"a":{"keys":[]},"a":{"keys":[]}}})"),
            "the name 'a' occurs twice in one object");
  EXPECT_EQ(complaint(R"({"trust_domains":[]})"), "it has no 'trust_domains' with bundles by name");
  EXPECT_EQ(complaint(R"({})"), "it has no 'trust_domains' with bundles by name");
  EXPECT_EQ(complaint("[]"), "it is not a JSON object");
}

TEST(SpiffeBundleMap, AMapAndABundleAreDistinguished) {
  EXPECT_EQ(std::string(ParseSpiffeBundleMap(R"({"keys":[]})").status().message()),
            "it is the bundle of one trust domain; name it under trust_domains");
  EXPECT_EQ(Complaint(R"({"trust_domains":{}})"), "it is a bundle map; name it as bundle_map");
}

}  // namespace
}  // namespace mantlet::certs
