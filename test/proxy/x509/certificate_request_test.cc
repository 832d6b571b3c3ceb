#include "proxy/x509/certificate_request.h"

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

constexpr uint16_t kAlgorithms[] = {SSL_SIGN_ED25519, SSL_SIGN_RSA_PSS_RSAE_SHA256,
                                    SSL_SIGN_RSA_PKCS1_SHA256, SSL_SIGN_ECDSA_SECP256R1_SHA256};

std::vector<std::string> NamesOf(const std::vector<std::string>& cns) {
  std::vector<Credential> anchors;
  for (const std::string& cn : cns) anchors.push_back(MakeCredential(CaTemplate(cn), nullptr));
  return Trust(anchors)->subject_names_der();
}

TEST(CertificateRequest, ListsTheKeysAndTheCas) {
  EXPECT_EQ(DescribeCertificateRequest(kAlgorithms, NamesOf({"a"}), true),
            "it was asked for a certificate with a key of one of these kinds: ECDSA P-256, "
            "Ed25519, RSA; with a "
            "chain to the CA CN=a. A client without such a certificate sends none");
}

TEST(CertificateRequest, ShowsTheFirstOfManyCas) {
  const std::string text =
      DescribeCertificateRequest(kAlgorithms, NamesOf({"a", "b", "c", "d"}), true);
  EXPECT_NE(text.find("one of 4 CAs: CN=a; CN=b; CN=c; ..."), std::string::npos) << text;
}

TEST(CertificateRequest, ReportsThatNoCaWasNamed) {
  EXPECT_NE(DescribeCertificateRequest(kAlgorithms, NamesOf({"a"}), false)
                .find("the request named no CA, because there are too many"),
            std::string::npos);
  EXPECT_NE(DescribeCertificateRequest(kAlgorithms, {}, true)
                .find("the request named no CA, because there is none"),
            std::string::npos);
}

}  // namespace
}  // namespace mantlet::x509
