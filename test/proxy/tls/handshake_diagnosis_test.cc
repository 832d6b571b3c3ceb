#include "proxy/tls/handshake_diagnosis.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

// Returns evidence of a handshake in which the client has sent a ClientHello.
HandshakeEvidence SslError(int reason) {
  HandshakeEvidence evidence;
  evidence.first_error = evidence.last_error = ERR_PACK(ERR_LIB_SSL, reason);
  evidence.hello_seen = true;
  return evidence;
}

HandshakeEvidence BeforeTheHello(int reason) {
  HandshakeEvidence evidence = SslError(reason);
  evidence.hello_seen = false;
  return evidence;
}

std::string Record(char type, std::string_view body) {
  return std::string{type, 3, 3, 0, static_cast<char>(body.size())} + std::string(body);
}

const std::string kUnknownCa = Record(SSL3_RT_ALERT, "\x02\x30");

TEST(HandshakeDiagnosis, NamesTheErrorsThatOperatorsMeet) {
  const std::vector<std::pair<int, HandshakeFailure>> cases = {
      {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, HandshakeFailure::kNoClientCertificate},
      {SSL_R_HTTP_REQUEST, HandshakeFailure::kPlaintextHttp},
      {SSL_R_HTTPS_PROXY_REQUEST, HandshakeFailure::kPlaintextHttp},
      {SSL_R_UNSUPPORTED_PROTOCOL, HandshakeFailure::kProtocolVersion},
      {SSL_R_NO_SHARED_CIPHER, HandshakeFailure::kNoSharedCipher},
      {SSL_R_NO_SHARED_GROUP, HandshakeFailure::kNoSharedCipher},
      {SSL_R_BAD_SIGNATURE, HandshakeFailure::kBadSignature},
      {SSL_R_WRONG_SIGNATURE_TYPE, HandshakeFailure::kBadSignature},
      {SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, HandshakeFailure::kNoSharedCipher},
      {SSL_R_NO_APPLICATION_PROTOCOL, HandshakeFailure::kNoApplicationProtocol},
      {SSL_R_KEY_USAGE_BIT_INCORRECT, HandshakeFailure::kWrongPurpose},
      {SSL_R_CANNOT_PARSE_LEAF_CERT, HandshakeFailure::kInvalidCertificate},
  };
  for (const auto& [reason, expected] : cases) {
    EXPECT_EQ(Diagnose(SslError(reason)).reason, expected) << reason;
  }
}

TEST(HandshakeDiagnosis, AWrongVersionMeansNoTlsAtAllBeforeTheClientHello) {
  EXPECT_EQ(Diagnose(BeforeTheHello(SSL_R_WRONG_VERSION_NUMBER)).reason, HandshakeFailure::kNotTls);
  EXPECT_EQ(Diagnose(SslError(SSL_R_WRONG_VERSION_NUMBER)).reason,
            HandshakeFailure::kProtocolVersion);
}

TEST(HandshakeDiagnosis, AnyAlertOfThePeerIsAPeerAlert) {
  for (int alert : {SSL_AD_BAD_CERTIFICATE, SSL_AD_UNKNOWN_CA, SSL_AD_HANDSHAKE_FAILURE}) {
    EXPECT_EQ(Diagnose(SslError(SSL_AD_REASON_OFFSET + alert)).reason,
              HandshakeFailure::kPeerAlert);
  }
}

TEST(HandshakeDiagnosis, WhatHasNoNameIsOtherOrNotTls) {
  EXPECT_EQ(Diagnose(SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE)).reason, HandshakeFailure::kOther);
  EXPECT_EQ(Diagnose(BeforeTheHello(SSL_R_EXCESSIVE_MESSAGE_SIZE)).reason,
            HandshakeFailure::kNotTls);
  EXPECT_EQ(Diagnose({}).reason, HandshakeFailure::kOther);
}

TEST(HandshakeDiagnosis, TheLastErrorNamesWhatTheFirstDoesNot) {
  HandshakeEvidence evidence = SslError(SSL_R_BAD_SIGNATURE);
  evidence.first_error = ERR_PACK(ERR_LIB_RSA, 1);
  EXPECT_EQ(Diagnose(evidence).reason, HandshakeFailure::kBadSignature);
  EXPECT_EQ(Diagnose(evidence).detail,
            "the client's signature of the handshake was not made by the key of its certificate");
}

TEST(HandshakeDiagnosis, TheFirstErrorComesBeforeTheLast) {
  HandshakeEvidence evidence = SslError(SSL_R_BAD_SIGNATURE);
  evidence.last_error = ERR_PACK(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  EXPECT_EQ(Diagnose(evidence).reason, HandshakeFailure::kBadSignature);
}

TEST(HandshakeDiagnosis, FindsAnAlertThatTheClientDidNotEncrypt) {
  HandshakeEvidence evidence = SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE);
  const std::string records = Record(SSL3_RT_CHANGE_CIPHER_SPEC, "\x01") + kUnknownCa;
  evidence.arrived = records;
  const HandshakeDiagnosis found = Diagnose(evidence);
  EXPECT_EQ(found.reason, HandshakeFailure::kPeerAlert);
  EXPECT_EQ(found.detail, "the client sent the alert 48 (unknown CA)");
}

TEST(HandshakeDiagnosis, TakesNothingElseForAnAlert) {
  for (const std::string& records :
       {std::string(), kUnknownCa.substr(0, 6), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("\x15\x02\x00\x00\x02\x02\x30", 7), Record(SSL3_RT_HANDSHAKE, "\x02\x30"),
        Record(SSL3_RT_ALERT, "an encrypted one")}) {
    HandshakeEvidence evidence = SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE);
    evidence.arrived = records;
    EXPECT_EQ(Diagnose(evidence).reason, HandshakeFailure::kOther) << records;
  }
}

TEST(HandshakeDiagnosis, APeerWithoutTlsSendsNoAlert) {
  HandshakeEvidence evidence = BeforeTheHello(SSL_R_WRONG_VERSION_NUMBER);
  evidence.arrived = kUnknownCa;
  EXPECT_EQ(Diagnose(evidence).reason, HandshakeFailure::kNotTls);
}

TEST(HandshakeDiagnosis, ReportsTheServerNameWithoutACertificate) {
  HandshakeEvidence evidence = SslError(SSL_R_EXCESSIVE_MESSAGE_SIZE);
  evidence.unserved_name = "a.example";
  const HandshakeDiagnosis found = Diagnose(evidence);
  EXPECT_EQ(found.reason, HandshakeFailure::kOther);
  EXPECT_EQ(found.detail, "no certificate has the server name 'a.example', and strict_sni is on");
}

TEST(HandshakeDiagnosis, ReportsTheProtocolsThatAClientOffers) {
  HandshakeEvidence evidence = SslError(SSL_R_NO_APPLICATION_PROTOCOL);
  evidence.protocols = {"h2"};
  evidence.supported_protocols = {"http/1.1", "http/1.0"};
  EXPECT_EQ(Diagnose(evidence).reason, HandshakeFailure::kNoApplicationProtocol);
  EXPECT_EQ(Diagnose(evidence).detail,
            "the client supports only HTTP/2, like gRPC (ALPN: h2); this listener supports "
            "http/1.1, http/1.0");
  evidence.protocols = {"acme-tls/1", "http/1.1"};
  evidence.supported_protocols = {"h2"};
  EXPECT_EQ(Diagnose(evidence).detail,
            "the client offers no supported protocol (ALPN: acme-tls/1, http/1.1); this "
            "listener supports h2");
}

TEST(HandshakeDiagnosis, ALongListOfProtocolsIsCut) {
  HandshakeEvidence evidence = SslError(SSL_R_NO_APPLICATION_PROTOCOL);
  evidence.supported_protocols = {"h2"};
  evidence.protocols.assign(500, std::string(255, 'x'));
  EXPECT_LT(Diagnose(evidence).detail.size(), 500u);
  EXPECT_NE(Diagnose(evidence).detail.find("x... and 492 more"), std::string::npos);
}

TEST(HandshakeDiagnosis, ReportsTheCertificateRequestToAClientWithoutACertificate) {
  HandshakeEvidence evidence = SslError(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
  evidence.certificate_request = [] { return std::string("it was asked for this"); };
  EXPECT_EQ(
      Diagnose(evidence).detail,
      "the client sent no certificate, and this listener requires one; it was asked for this");
}

TEST(HandshakeDiagnosis, ReportsTheNewestVersionThatTheClientOffers) {
  HandshakeEvidence evidence = SslError(SSL_R_UNSUPPORTED_PROTOCOL);
  evidence.newest_version = "TLSv1.1";
  EXPECT_EQ(
      Diagnose(evidence).detail,
      "the client and this listener have no TLS version in common; it offers TLSv1.1 at most");
}

TEST(HandshakeDiagnosis, TheAlertDependsOnTheFailure) {
  const std::vector<std::pair<HandshakeFailure, uint8_t>> cases = {
      {HandshakeFailure::kUnknownCa, SSL_AD_UNKNOWN_CA},
      {HandshakeFailure::kPathTooLong, SSL_AD_UNKNOWN_CA},
      {HandshakeFailure::kExpired, SSL_AD_CERTIFICATE_EXPIRED},
      {HandshakeFailure::kNotYetValid, SSL_AD_CERTIFICATE_EXPIRED},
      {HandshakeFailure::kRevoked, SSL_AD_CERTIFICATE_REVOKED},
      {HandshakeFailure::kWrongPurpose, SSL_AD_UNSUPPORTED_CERTIFICATE},
      {HandshakeFailure::kCrlMissing, SSL_AD_CERTIFICATE_UNKNOWN},
      {HandshakeFailure::kCrlExpired, SSL_AD_CERTIFICATE_UNKNOWN},
      {HandshakeFailure::kNameConstraint, SSL_AD_BAD_CERTIFICATE},
  };
  for (const auto& [failure, alert] : cases) {
    EXPECT_EQ(AlertFor(failure), alert) << static_cast<int>(failure);
  }
}

}  // namespace
}  // namespace mantlet::tls
