#include "proxy/tls/handshake_report.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace mantlet::tls {

using base::HandshakeFailure;

HandshakeFailure ClassifyHandshakeError(uint32_t error, bool hello_seen) {
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
    case SSL_R_WRONG_SIGNATURE_TYPE:
      return HandshakeFailure::kNoSharedCipher;
    case SSL_R_BAD_SIGNATURE:
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
  // The library adds 1000 to the number of an alert that the peer sent.
  if (reason >= SSL_AD_REASON_OFFSET) return HandshakeFailure::kPeerAlert;
  return hello_seen ? HandshakeFailure::kOther : HandshakeFailure::kNotTls;
}

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

}  // namespace mantlet::tls
