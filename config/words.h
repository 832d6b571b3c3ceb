// The words that the configuration writes for each enumerator, in one table per enumeration: the
// loader reads them, and whoever shows a configuration writes them.

#ifndef MANTLET_CONFIG_WORDS_H_
#define MANTLET_CONFIG_WORDS_H_

#include <cstddef>

#include "config/config.h"

namespace mantlet::config {

template <typename Enum>
struct Word {
  const char* text;
  Enum value;
};

inline constexpr Word<TlsVersion> kTlsVersionWords[] = {
    {"1.2", TlsVersion::kTls12},
    {"1.3", TlsVersion::kTls13},
};

inline constexpr Word<ClientAuthMode> kClientAuthModeWords[] = {
    {"none", ClientAuthMode::kNone},
    {"request", ClientAuthMode::kRequest},
    {"optional", ClientAuthMode::kOptional},
    {"require", ClientAuthMode::kRequire},
};

inline constexpr Word<OnInvalid> kOnInvalidWords[] = {
    {"drain", OnInvalid::kDrain},
    {"close", OnInvalid::kClose},
    {"ignore", OnInvalid::kIgnore},
};

inline constexpr Word<CrlPolicy> kCrlPolicyWords[] = {
    {"if_present", CrlPolicy::kIfPresent},
    {"require", CrlPolicy::kRequire},
};

inline constexpr Word<ExpiredCrl> kExpiredCrlWords[] = {
    {"refuse", ExpiredCrl::kRefuse},
    {"use", ExpiredCrl::kUse},
};

inline constexpr Word<XfccMode> kXfccModeWords[] = {
    {"sanitize", XfccMode::kSanitize},
    {"sanitize_set", XfccMode::kSanitizeSet},
    {"append_forward", XfccMode::kAppendForward},
    {"forward_only", XfccMode::kForwardOnly},
    {"always_forward_only", XfccMode::kAlwaysForwardOnly},
};

inline constexpr Word<XfccField> kXfccFieldWords[] = {
    {"by", XfccField::kBy},       {"hash", XfccField::kHash}, {"subject", XfccField::kSubject},
    {"uri", XfccField::kUri},     {"dns", XfccField::kDns},   {"cert", XfccField::kCert},
    {"chain", XfccField::kChain},
};

inline constexpr Word<ClientCertMode> kClientCertModeWords[] = {
    {"off", ClientCertMode::kOff},
    {"leaf", ClientCertMode::kLeaf},
    {"chain", ClientCertMode::kChain},
};

inline constexpr Word<IdentityField> kIdentityFieldWords[] = {
    {"verify", IdentityField::kVerify},
    {"subject", IdentityField::kSubject},
    {"issuer", IdentityField::kIssuer},
    {"cn", IdentityField::kCn},
    {"ou", IdentityField::kOu},
    {"organization_identifier", IdentityField::kOrganizationIdentifier},
    {"serial", IdentityField::kSerial},
    {"fingerprint_sha256", IdentityField::kFingerprintSha256},
    {"fingerprint_sha1", IdentityField::kFingerprintSha1},
    {"spiffe_id", IdentityField::kSpiffeId},
    {"san_uri", IdentityField::kSanUri},
    {"san_dns", IdentityField::kSanDns},
    {"san_email", IdentityField::kSanEmail},
    {"san_ip", IdentityField::kSanIp},
    {"san_upn", IdentityField::kSanUpn},
    {"not_before", IdentityField::kNotBefore},
    {"not_after", IdentityField::kNotAfter},
    {"cert_pem_urlencoded", IdentityField::kCertPemUrlencoded},
    {"cert_der_base64", IdentityField::kCertDerBase64},
    {"tls_version", IdentityField::kTlsVersion},
    {"tls_cipher", IdentityField::kTlsCipher},
    {"tls_group", IdentityField::kTlsGroup},
    {"sni", IdentityField::kSni},
};

inline constexpr Word<ForwardedFor> kForwardedForWords[] = {
    {"append", ForwardedFor::kAppend},
    {"replace", ForwardedFor::kReplace},
};

inline constexpr Word<ForwardingHeaders> kForwardingHeadersWords[] = {
    {"remove", ForwardingHeaders::kRemove},
    {"forward", ForwardingHeaders::kForward},
};

inline constexpr Word<RuleAction> kRuleActionWords[] = {
    {"allow", RuleAction::kAllow},
    {"deny", RuleAction::kDeny},
    {"require_client_cert", RuleAction::kRequireClientCert},
};

// kEither has no word: the key is left out.
inline constexpr Word<CertificatePresence> kCertificatePresenceWords[] = {
    {"present", CertificatePresence::kPresent},
    {"absent", CertificatePresence::kAbsent},
};

inline constexpr Word<LogLevel> kLogLevelWords[] = {
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
};

inline constexpr Word<LogFormat> kLogFormatWords[] = {
    {"json", LogFormat::kJson},
    {"text", LogFormat::kText},
};

// The word for `value`; "" for a value that is none of the enumeration's.
template <typename Enum, size_t N>
constexpr const char* WordFor(const Word<Enum> (&words)[N], Enum value) {
  for (const Word<Enum>& word : words) {
    if (word.value == value) return word.text;
  }
  return "";
}

inline const char* ToString(TlsVersion v) { return WordFor(kTlsVersionWords, v); }
inline const char* ToString(ClientAuthMode v) { return WordFor(kClientAuthModeWords, v); }
inline const char* ToString(OnInvalid v) { return WordFor(kOnInvalidWords, v); }
inline const char* ToString(CrlPolicy v) { return WordFor(kCrlPolicyWords, v); }
inline const char* ToString(ExpiredCrl v) { return WordFor(kExpiredCrlWords, v); }
inline const char* ToString(XfccMode v) { return WordFor(kXfccModeWords, v); }
inline const char* ToString(XfccField v) { return WordFor(kXfccFieldWords, v); }
inline const char* ToString(ClientCertMode v) { return WordFor(kClientCertModeWords, v); }
inline const char* ToString(IdentityField v) { return WordFor(kIdentityFieldWords, v); }
inline const char* ToString(ForwardedFor v) { return WordFor(kForwardedForWords, v); }
inline const char* ToString(ForwardingHeaders v) { return WordFor(kForwardingHeadersWords, v); }
inline const char* ToString(RuleAction v) { return WordFor(kRuleActionWords, v); }
inline const char* ToString(LogLevel v) { return WordFor(kLogLevelWords, v); }
inline const char* ToString(LogFormat v) { return WordFor(kLogFormatWords, v); }

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_WORDS_H_
