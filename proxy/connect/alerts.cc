#include "proxy/connect/alerts.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace mantlet::connect {
namespace {

struct Known {
  uint8_t number;
  std::string_view name;  // RFC 8446, section 6, and RFC 5246
};

constexpr uint8_t kHandshakeFailure = 40, kBadCertificate = 42, kUnsupportedCertificate = 43,
                  kCertificateRevoked = 44, kCertificateExpired = 45, kCertificateUnknown = 46,
                  kUnknownCa = 48, kAccessDenied = 49, kProtocolVersion = 70,
                  kInsufficientSecurity = 71, kInternalError = 80, kUnrecognizedName = 112,
                  kCertificateRequired = 116, kNoApplicationProtocol = 120;

constexpr Known kAlerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {kHandshakeFailure, "handshake_failure"},
    {kBadCertificate, "bad_certificate"},
    {kUnsupportedCertificate, "unsupported_certificate"},
    {kCertificateRevoked, "certificate_revoked"},
    {kCertificateExpired, "certificate_expired"},
    {kCertificateUnknown, "certificate_unknown"},
    {47, "illegal_parameter"},
    {kUnknownCa, "unknown_ca"},
    {kAccessDenied, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {kProtocolVersion, "protocol_version"},
    {kInsufficientSecurity, "insufficient_security"},
    {kInternalError, "internal_error"},
    {86, "inappropriate_fallback"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {kUnrecognizedName, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {kCertificateRequired, "certificate_required"},
    {kNoApplicationProtocol, "no_application_protocol"},
};

Verdict AboutCertificate(const AlertContext& context, const std::string& what, std::string hint) {
  return {
      Party::kClient,
      absl::StrCat("the server refuses the client certificate ", context.certificate, ": ", what),
      std::move(hint)};
}

constexpr const char* kAskItsLog =
    "the server's log names the reason (mantlet: the record handshake_failed)";

Verdict WithoutCertificate() {
  return {Party::kClient, "the server requires a client certificate, and none was sent",
          "pass one with --cert and --key"};
}

Verdict ExplainHandshakeFailure(const AlertContext& context) {
  if (context.asked && !context.sent_certificate) return WithoutCertificate();
  if (context.sent_certificate) {
    return AboutCertificate(context, "it gives no reason", kAskItsLog);
  }
  return {Party::kServer,
          "client and server have no cipher suite, group or signature algorithm in common",
          absl::StrCat("enable the usual ones on the server (TLS 1.2: ECDHE with AES-GCM); ",
                       kAskItsLog)};
}

}  // namespace

std::string AlertName(uint8_t alert) {
  const auto* const known = std::ranges::find(kAlerts, alert, &Known::number);
  return absl::StrCat(static_cast<int>(alert), " (",
                      known == std::end(kAlerts) ? "unknown" : std::string(known->name), ")");
}

Verdict ExplainAlert(uint8_t alert, const AlertContext& context) {
  switch (alert) {
    case kCertificateRequired:
      return WithoutCertificate();
    case kHandshakeFailure:
      return ExplainHandshakeFailure(context);
    case kUnknownCa:
      if (context.asked && !context.sent_certificate) return WithoutCertificate();
      return AboutCertificate(
          context, absl::StrCat("it does not know the CA that issued it, ", context.issuer),
          "add that CA to the server's trust bundle, or send the intermediate certificates after "
          "the "
          "leaf in the file of --cert, or use a certificate of a CA that the server names");
    case kCertificateExpired:
      return AboutCertificate(context,
                              "it is not valid now, or another certificate of its chain is not",
                              "renew it, and compare the clocks of both machines");
    case kCertificateRevoked:
      return AboutCertificate(context, "it is revoked", "get a new certificate from the CA");
    case kUnsupportedCertificate:
      return AboutCertificate(context, "it is not for this use",
                              "use one with the extended key usage clientAuth and the key usage "
                              "digitalSignature, and a kind of key that the server supports");
    case kBadCertificate:
    case kCertificateUnknown:
    case kAccessDenied:
      if (context.asked && !context.sent_certificate) return WithoutCertificate();
      return AboutCertificate(context, "it gives no further reason", kAskItsLog);
    case kProtocolVersion:
      return {Party::kServer, "the server supports neither TLS 1.2 nor TLS 1.3",
              "enable TLS 1.2 or 1.3 on the server"};
    case kInsufficientSecurity:
      return {Party::kServer, "the server wants cipher suites that the client does not have",
              "enable the usual ones on the server"};
    case kUnrecognizedName:
      return {
          Party::kClient,
          context.server_name.empty()
              ? "the server requires a server name, and none was sent"
              : absl::StrCat("the server has no certificate for the name ", context.server_name),
          "pass the name of the server with --sni, or add a certificate for it on the server"};
    case kNoApplicationProtocol:
      return {Party::kClient,
              absl::StrCat("the server speaks none of the offered protocols: ", context.protocols),
              "pass others with --alpn, or `--alpn none`"};
    case kInternalError:
      return {Party::kServer, "the server had an internal error", kAskItsLog};
    default:
      return {Party::kServer,
              absl::StrCat("the server ended the handshake with the alert ", AlertName(alert)),
              kAskItsLog};
  }
}

}  // namespace mantlet::connect
