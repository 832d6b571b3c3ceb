#include "proxy/tls/handshake_diagnosis.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/tls_errors.h"
#include "proxy/verify/path_fault.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/public_key.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

HandshakeFailure ReasonOf(uint32_t error, bool hello_seen) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return HandshakeFailure::kOther;
  const int reason = ERR_GET_REASON(error);
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return HandshakeFailure::kNoClientCertificate;
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return HandshakeFailure::kPlaintextHttp;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SUPPORTED_VERSIONS_ENABLED:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_UNKNOWN_PROTOCOL:
      return HandshakeFailure::kProtocolVersion;
    case SSL_R_WRONG_VERSION_NUMBER:
      return hello_seen ? HandshakeFailure::kProtocolVersion : HandshakeFailure::kNotTls;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUP:
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      return HandshakeFailure::kNoSharedCipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return HandshakeFailure::kNoApplicationProtocol;
    case SSL_R_BAD_SIGNATURE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
      return HandshakeFailure::kBadSignature;
    case SSL_R_KEY_USAGE_BIT_INCORRECT:
      return HandshakeFailure::kWrongPurpose;
    case SSL_R_CANNOT_PARSE_LEAF_CERT:
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
    case SSL_R_PEER_ERROR_UNSUPPORTED_CERTIFICATE_TYPE:
    case SSL_R_BAD_ECC_CERT:
      return HandshakeFailure::kInvalidCertificate;
    default:
      break;
  }
  // The library adds 1000 to the number of an alert from the peer.
  if (reason >= SSL_AD_REASON_OFFSET) return HandshakeFailure::kPeerAlert;
  return hello_seen ? HandshakeFailure::kOther : HandshakeFailure::kNotTls;
}

// Returns the unencrypted alert among `records`. A TLS 1.3 client that has not sent its second
// flight yet may send one if it rejects our certificate; the library takes it for a record that
// cannot be decrypted.
std::optional<uint8_t> FindPlaintextAlert(std::string_view records) {
  constexpr size_t kHeader = 5;  // type, version, length (RFC 8446 section 5.1)
  while (records.size() >= kHeader) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(records[i]); };
    const size_t length = static_cast<size_t>(byte(3)) << 8 | byte(4);
    if (byte(1) != 3 || records.size() < kHeader + length) return std::nullopt;
    if (byte(0) == SSL3_RT_ALERT && length == 2) return byte(kHeader + 1);
    records.remove_prefix(kHeader + length);
  }
  return std::nullopt;
}

// Returns the names of protocols for the log: the first eight, and the first bytes of each.
std::string ListProtocols(const std::vector<std::string>& protocols) {
  constexpr size_t kShown = 8;
  constexpr size_t kShownBytes = 32;
  std::string list;
  for (size_t i = 0; i < std::min(protocols.size(), kShown); ++i) {
    const std::string& name = protocols[i];
    absl::StrAppend(&list, i == 0 ? "" : ", ", name.substr(0, kShownBytes),
                    name.size() > kShownBytes ? "..." : "");
  }
  if (protocols.size() > kShown) {
    absl::StrAppend(&list, " and ", protocols.size() - kShown, " more");
  }
  return list;
}

// Returns a sentence about a client that offers only unsupported protocols.
std::string ExplainProtocols(const HandshakeEvidence& evidence) {
  const std::vector<std::string>& offered = evidence.protocols;
  const bool http2 = std::find(offered.begin(), offered.end(), "h2") != offered.end();
  return absl::StrCat(http2 ? "the client supports only HTTP/2, like gRPC (ALPN: "
                            : "the client offers no supported protocol (ALPN: ",
                      ListProtocols(offered), "); this listener supports ",
                      ListProtocols(evidence.supported_protocols));
}

// Returns why the library rejects the certificate `der`; a valid result if the cause is unknown.
verify::VerifyResult ExamineLeaf(std::string_view der, uint32_t error) {
  absl::StatusOr<X509*> parsed = x509::ParseX509(der);
  if (!parsed.ok()) return {};
  const bssl::UniquePtr<X509> leaf(*parsed);
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(leaf.get()));
  x509::ClearErrors();
  if (!x509::IsKnownKind(key.get())) {
    return verify::Refusal(
        HandshakeFailure::kWeakKey, leaf.get(), 0,
        absl::StrCat("the certificate: ", x509::DescribeKey(key.get()).weakness));
  }
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_KEY_USAGE_BIT_INCORRECT) {
    return verify::Refusal(HandshakeFailure::kWrongPurpose, leaf.get(), 0,
                           absl::StrCat("the certificate: ", verify::ExplainKeyUsage(leaf.get())));
  }
  return {};
}

}  // namespace

HandshakeDiagnosis Diagnose(const HandshakeEvidence& evidence) {
  HandshakeDiagnosis diagnosis;
  diagnosis.reason = ReasonOf(evidence.first_error, evidence.hello_seen);
  if (diagnosis.reason == HandshakeFailure::kOther) {
    // The first error may come from the crypto code; the TLS error follows it.
    diagnosis.reason = ReasonOf(evidence.last_error, evidence.hello_seen);
  }
  diagnosis.detail = ExplainErrors(evidence.first_error, evidence.last_error);
  const std::optional<uint8_t> alert =
      evidence.hello_seen ? FindPlaintextAlert(evidence.arrived) : std::nullopt;
  if (alert.has_value()) {
    diagnosis.reason = HandshakeFailure::kPeerAlert;
    diagnosis.detail = ExplainAlert(*alert);
    return diagnosis;
  }
  if (!evidence.leaf_der.empty()) {
    diagnosis.certificate = ExamineLeaf(evidence.leaf_der, evidence.first_error);
    if (!diagnosis.certificate.ok()) {
      diagnosis.reason = *diagnosis.certificate.failure;
      diagnosis.detail = diagnosis.certificate.detail;
      return diagnosis;
    }
  }
  if (diagnosis.reason == HandshakeFailure::kNoClientCertificate) {
    diagnosis.detail = "the client sent no certificate, and this listener requires one";
    if (evidence.certificate_request) {
      absl::StrAppend(&diagnosis.detail, "; ", evidence.certificate_request());
    }
  } else if (diagnosis.reason == HandshakeFailure::kNoApplicationProtocol) {
    if (!evidence.protocols.empty()) diagnosis.detail = ExplainProtocols(evidence);
  } else if (diagnosis.reason == HandshakeFailure::kProtocolVersion &&
             !evidence.newest_version.empty()) {
    absl::StrAppend(&diagnosis.detail, "; it offers ", evidence.newest_version, " at most");
  } else if (evidence.unserved_name.has_value()) {
    diagnosis.detail = absl::StrCat("no certificate has the server name '", *evidence.unserved_name,
                                    "', and strict_sni is on");
  }
  return diagnosis;
}

uint8_t AlertFor(HandshakeFailure failure) {
  switch (failure) {
    case HandshakeFailure::kUnknownCa:
    case HandshakeFailure::kPathTooLong:
      return SSL_AD_UNKNOWN_CA;
    case HandshakeFailure::kExpired:
    case HandshakeFailure::kNotYetValid:
      return SSL_AD_CERTIFICATE_EXPIRED;
    case HandshakeFailure::kRevoked:
      return SSL_AD_CERTIFICATE_REVOKED;
    case HandshakeFailure::kWrongPurpose:
      return SSL_AD_UNSUPPORTED_CERTIFICATE;
    case HandshakeFailure::kCrlMissing:
    case HandshakeFailure::kCrlExpired:
      return SSL_AD_CERTIFICATE_UNKNOWN;
    default:
      return SSL_AD_BAD_CERTIFICATE;
  }
}

}  // namespace mantlet::tls
