#include "proxy/tls/tls_errors.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#include <string>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

uint32_t Ssl(int reason) { return ERR_PACK(ERR_LIB_SSL, reason); }

// Returns whether the text has a term like "WRONG_VERSION_NUMBER" outside of parentheses: capitals
// on both sides of an underscore. Without std::regex, which does not compile under the sanitizers
// with g++ 12.
bool HasBareWord(const std::string& text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (depth != 0 || text[i] != '_' || i < 2 || i + 1 == text.size()) continue;
    if (absl::ascii_isupper(text[i - 2]) && absl::ascii_isupper(text[i - 1]) &&
        absl::ascii_isupper(text[i + 1])) {
      return true;
    }
  }
  return false;
}

TEST(TlsErrors, NoTermOfTheLibraryIsOutsideParentheses) {
  ASSERT_TRUE(HasBareWord("it said WRONG_VERSION_NUMBER"));
  ASSERT_FALSE(HasBareWord("it said so (WRONG_VERSION_NUMBER)"));
  int known = 0;
  for (int reason = 1; reason < 1000; ++reason) {
    const std::string word = ERR_reason_error_string(Ssl(reason));
    const std::string text = ExplainErrors(Ssl(reason), Ssl(reason));
    EXPECT_FALSE(HasBareWord(text)) << text;
    EXPECT_NE(text, word);
    known += SentenceFor(Ssl(reason)).empty() ? 0 : 1;
  }
  EXPECT_GT(known, 50);
}

TEST(TlsErrors, WhatHasNoSentenceIsNamedInParentheses) {
  EXPECT_EQ(ExplainErrors(Ssl(SSL_R_OCSP_CB_ERROR), Ssl(SSL_R_OCSP_CB_ERROR)),
            "the TLS library rejected the client's input (OCSP_CB_ERROR)");
  const uint32_t rsa = ERR_PACK(ERR_LIB_RSA, RSA_R_BAD_SIGNATURE);
  EXPECT_EQ(ExplainErrors(rsa, Ssl(SSL_R_OCSP_CB_ERROR)),
            "the TLS library rejected the client's input (BAD_SIGNATURE; OCSP_CB_ERROR)");
  EXPECT_EQ(ExplainErrors(0, 0), "the TLS library rejected the client's input without a reason");
}

TEST(TlsErrors, OfTwoErrorsTheOneWithASentenceIsReported) {
  const uint32_t rsa = ERR_PACK(ERR_LIB_RSA, RSA_R_BAD_SIGNATURE);
  EXPECT_EQ(ExplainErrors(rsa, Ssl(SSL_R_BAD_SIGNATURE)),
            std::string(SentenceFor(Ssl(SSL_R_BAD_SIGNATURE))));
  EXPECT_EQ(ExplainErrors(Ssl(SSL_R_DECODE_ERROR), Ssl(SSL_R_BAD_SIGNATURE)),
            std::string(SentenceFor(Ssl(SSL_R_DECODE_ERROR))));
}

TEST(TlsErrors, AnAlertOfTheClientHasItsNumberAndName) {
  EXPECT_EQ(ExplainErrors(Ssl(SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA), 0),
            "the client sent the alert 48 (unknown CA)");
  EXPECT_EQ(ExplainAlert(SSL_AD_BAD_CERTIFICATE), "the client sent the alert 42 (bad certificate)");
}

TEST(TlsErrors, TakingTheQueueEmptiesIt) {
  ERR_clear_error();
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_NO_SHARED_GROUP, __FILE__, __LINE__);
  EXPECT_EQ(TakeExplainedErrors(), std::string(SentenceFor(Ssl(SSL_R_NO_SHARED_GROUP))));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace mantlet::tls
