#include "proxy/tls/tls_errors.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::tls {
namespace {

struct Sentence {
  int reason;  // SSL_R_…
  std::string_view text;
};

// The errors that a server can encounter, in the order of a handshake.
constexpr Sentence kSentences[] = {
    // The first bytes
    {SSL_R_HTTP_REQUEST, "the client speaks HTTP without TLS"},
    {SSL_R_HTTPS_PROXY_REQUEST,
     "the client takes this port for an HTTP proxy: it sent CONNECT without TLS"},
    {SSL_R_WRONG_VERSION_NUMBER,
     "the client sent data that is not TLS: the record has an unknown version"},
    {SSL_R_UNKNOWN_PROTOCOL, "the client uses a version of TLS that is not supported"},
    // Records
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
     "a record of the client cannot be decrypted: it was damaged in transit or made with other "
     "keys"},
    {SSL_R_DECRYPTION_FAILED, "a record of the client cannot be decrypted"},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "a record of the client is longer than TLS allows"},
    {SSL_R_DATA_LENGTH_TOO_LONG, "a record of the client is longer than TLS allows"},
    {SSL_R_RECORD_TOO_LARGE, "a record of the client is longer than TLS allows"},
    {SSL_R_RECORD_LENGTH_MISMATCH, "the length of a record of the client is wrong"},
    {SSL_R_BAD_PACKET_LENGTH, "the length of a record of the client is wrong"},
    {SSL_R_BAD_LENGTH, "the length of a record of the client is wrong"},
    {SSL_R_UNEXPECTED_RECORD, "the client sent a record of an unexpected type"},
    {SSL_R_INVALID_OUTER_RECORD_TYPE,
     "an encrypted record of the client has a type that TLS 1.3 does not allow"},
#ifdef SSL_R_APPLICATION_DATA_INSTEAD_OF_HANDSHAKE  // newer libraries say UNEXPECTED_RECORD
    {SSL_R_APPLICATION_DATA_INSTEAD_OF_HANDSHAKE,
     "the client sent application data before the end of the handshake"},
#endif
    {SSL_R_BAD_CHANGE_CIPHER_SPEC, "the client sent a malformed ChangeCipherSpec message"},
    {SSL_R_BAD_ALERT, "the client sent a malformed alert"},
    {SSL_R_UNKNOWN_ALERT_TYPE, "the client sent an alert of an unknown level"},
    {SSL_R_TOO_MANY_EMPTY_FRAGMENTS, "the client sent too many empty records"},
    {SSL_R_TOO_MANY_WARNING_ALERTS, "the client sent too many warnings"},
    {SSL_R_TOO_MANY_KEY_UPDATES, "the client sent too many KeyUpdate messages"},
    {SSL_R_TOO_MUCH_SKIPPED_EARLY_DATA,
     "the client sent too much early data, which is not supported"},
    {SSL_R_PROTOCOL_IS_SHUTDOWN, "the connection had already ended"},
    // Handshake messages
    {SSL_R_DECODE_ERROR, "a handshake message of the client is malformed"},
    {SSL_R_LENGTH_MISMATCH, "a handshake message of the client is malformed"},
    {SSL_R_UNEXPECTED_MESSAGE, "the client sent an unexpected handshake message"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, "a handshake message of the client is too long"},
    {SSL_R_EXCESS_HANDSHAKE_DATA, "the client sent too many handshake messages"},
    {SSL_R_NO_RENEGOTIATION, "the client requested a renegotiation, which is not supported"},
    // The ClientHello
    {SSL_R_CLIENTHELLO_PARSE_FAILED, "the client's ClientHello is malformed"},
    {SSL_R_CLIENTHELLO_TLSEXT, "an extension of the client's ClientHello is malformed"},
    {SSL_R_ERROR_PARSING_EXTENSION, "an extension of the client is malformed"},
    {SSL_R_PARSE_TLSEXT, "an extension of the client is malformed"},
    {SSL_R_DUPLICATE_EXTENSION, "the client sent an extension twice"},
    {SSL_R_UNEXPECTED_EXTENSION, "the client sent an unexpected extension"},
    {SSL_R_MISSING_EXTENSION, "the client omitted an extension that TLS 1.3 requires"},
    {SSL_R_INCONSISTENT_CLIENT_HELLO,
     "the client's second ClientHello contradicts its first (HelloRetryRequest)"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the client and this listener have no TLS version in common"},
    {SSL_R_NO_SUPPORTED_VERSIONS_ENABLED,
     "the client and this listener have no TLS version in common"},
    {SSL_R_INAPPROPRIATE_FALLBACK,
     "the client fell back to an older TLS version than both sides have (TLS_FALLBACK_SCSV), as it "
     "does when an earlier attempt was disturbed"},
    {SSL_R_ERROR_IN_RECEIVED_CIPHER_LIST, "the client's list of cipher suites is malformed"},
    {SSL_R_NO_SHARED_CIPHER,
     "the client offers no cipher suite that this listener has for the kind of its certificate's "
     "key, or no group for it"},
    {SSL_R_NO_SHARED_GROUP,
     "the client offers no key exchange group that this listener has (tls.groups)"},
    {SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS,
     "the client cannot verify the server's certificate: it offers no signature algorithm for the "
     "kind of its key"},
    {SSL_R_INVALID_COMPRESSION_LIST, "the client's list of compression methods is invalid"},
    {SSL_R_MISSING_KEY_SHARE, "the client sent no key share, which TLS 1.3 requires"},
    {SSL_R_DUPLICATE_KEY_SHARE, "the client sent two key shares for one group"},
    {SSL_R_WRONG_CURVE, "the client's key share is not for the group that was agreed on"},
    {SSL_R_BAD_ECPOINT, "the client's key share is not a point of its group"},
    {SSL_R_RENEGOTIATION_MISMATCH, "the client's renegotiation_info extension is invalid"},
    {SSL_R_RENEGOTIATION_ENCODING_ERR, "the client's renegotiation_info extension is malformed"},
    {SSL_R_SSL3_EXT_INVALID_SERVERNAME, "the client's server name (SNI) is malformed"},
    {SSL_R_INVALID_ALPN_PROTOCOL_LIST, "the client's list of protocols (ALPN) is malformed"},
    {SSL_R_NO_APPLICATION_PROTOCOL, "the client offers no supported protocol (ALPN)"},
    // Resumption
    {SSL_R_PSK_IDENTITY_BINDER_COUNT_MISMATCH,
     "the client's session tickets and their binders do not match in number"},
    {SSL_R_PRE_SHARED_KEY_MUST_BE_LAST,
     "the client's pre_shared_key extension is not the last one, as TLS 1.3 requires"},
    {SSL_R_RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION,
     "the client came back with a session that it began with the extended master secret, and "
     "without that extension"},
    // The client's certificate, its signature and its Finished message
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client sent no certificate"},
    {SSL_R_CERT_LENGTH_MISMATCH, "the client's Certificate message is malformed"},
    {SSL_R_CANNOT_PARSE_LEAF_CERT, "the client's certificate cannot be parsed"},
    {SSL_R_UNKNOWN_CERTIFICATE_TYPE,
     "the client's certificate has a key of a kind that is not accepted"},
    {SSL_R_PEER_ERROR_UNSUPPORTED_CERTIFICATE_TYPE,
     "the client's certificate has a key of a kind that is not accepted"},
    {SSL_R_BAD_ECC_CERT, "the client's certificate has a key on a curve that is not accepted"},
    {SSL_R_KEY_USAGE_BIT_INCORRECT,
     "the key usage of the client's certificate does not allow signatures"},
    {SSL_R_WRONG_SIGNATURE_TYPE,
     "the client signed the handshake with an algorithm that was not offered to it or does not fit "
     "its key"},
    {SSL_R_BAD_SIGNATURE,
     "the client's signature of the handshake was not made by the key of its certificate"},
    {SSL_R_DIGEST_CHECK_FAILED,
     "the client's Finished message is invalid: the handshake messages were changed in transit"},
    // Our own failures
    {SSL_R_PRIVATE_KEY_OPERATION_FAILED, "the server's private key could not be used"},
};

std::string WordOf(uint32_t error) {
  const char* word = ERR_reason_error_string(error);
  return word != nullptr ? word : absl::StrCat("error ", error);
}

// The library adds 1000 to the number of an alert from the peer.
bool IsAlert(uint32_t error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}

}  // namespace

std::string_view SentenceFor(uint32_t error) {
  if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) return {};
  for (const Sentence& sentence : kSentences) {
    if (sentence.reason == ERR_GET_REASON(error)) return sentence.text;
  }
  return {};
}

std::string ExplainAlert(uint8_t alert) {
  return absl::StrCat("the client sent the alert ", alert, " (", SSL_alert_desc_string_long(alert),
                      ")");
}

std::string ExplainErrors(uint32_t first, uint32_t last) {
  for (const uint32_t error : {first, last}) {
    if (error == 0) continue;
    if (IsAlert(error)) {
      return ExplainAlert(static_cast<uint8_t>(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET));
    }
    if (const std::string_view sentence = SentenceFor(error); !sentence.empty()) {
      return std::string(sentence);
    }
  }
  if (first == 0) return "the TLS library rejected the client's input without a reason";
  return absl::StrCat("the TLS library rejected the client's input (", WordOf(first),
                      last == 0 || last == first ? "" : absl::StrCat("; ", WordOf(last)), ")");
}

std::string TakeExplainedErrors() {
  std::string sentence = ExplainErrors(ERR_peek_error(), ERR_peek_last_error());
  x509::ClearErrors();
  return sentence;
}

}  // namespace mantlet::tls
