#include "proxy/tls/handshake_report.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

uint32_t SslError(int reason) { return ERR_PACK(ERR_LIB_SSL, reason); }

TEST(HandshakeReport, NamesTheErrorsThatOperatorsMeet) {
  const std::vector<std::pair<int, HandshakeFailure>> cases = {
      {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, HandshakeFailure::kNoClientCertificate},
      {SSL_R_HTTP_REQUEST, HandshakeFailure::kPlaintextHttp},
      {SSL_R_HTTPS_PROXY_REQUEST, HandshakeFailure::kPlaintextHttp},
      {SSL_R_UNSUPPORTED_PROTOCOL, HandshakeFailure::kProtocolVersion},
      {SSL_R_NO_SHARED_CIPHER, HandshakeFailure::kNoSharedCipher},
      {SSL_R_NO_SHARED_GROUP, HandshakeFailure::kNoSharedCipher},
      {SSL_R_BAD_SIGNATURE, HandshakeFailure::kBadSignature},
      {SSL_R_KEY_USAGE_BIT_INCORRECT, HandshakeFailure::kWrongPurpose},
      {SSL_R_CANNOT_PARSE_LEAF_CERT, HandshakeFailure::kInvalidCertificate},
  };
  for (const auto& [reason, expected] : cases) {
    EXPECT_EQ(ClassifyHandshakeError(SslError(reason), true), expected) << reason;
  }
}

TEST(HandshakeReport, AWrongVersionMeansNoTlsAtAllBeforeTheClientHello) {
  EXPECT_EQ(ClassifyHandshakeError(SslError(SSL_R_WRONG_VERSION_NUMBER), false),
            HandshakeFailure::kNotTls);
  EXPECT_EQ(ClassifyHandshakeError(SslError(SSL_R_WRONG_VERSION_NUMBER), true),
            HandshakeFailure::kProtocolVersion);
}

TEST(HandshakeReport, AnyAlertOfThePeerIsAPeerAlert) {
  for (int alert : {SSL_AD_BAD_CERTIFICATE, SSL_AD_UNKNOWN_CA, SSL_AD_HANDSHAKE_FAILURE}) {
    EXPECT_EQ(ClassifyHandshakeError(SslError(SSL_AD_REASON_OFFSET + alert), true),
              HandshakeFailure::kPeerAlert);
  }
}

TEST(HandshakeReport, WhatHasNoNameIsOtherOrNotTls) {
  EXPECT_EQ(ClassifyHandshakeError(SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE), true),
            HandshakeFailure::kOther);
  EXPECT_EQ(ClassifyHandshakeError(SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE), false),
            HandshakeFailure::kNotTls);
  EXPECT_EQ(ClassifyHandshakeError(0, true), HandshakeFailure::kOther);
}

}  // namespace
}  // namespace mantlet::tls
