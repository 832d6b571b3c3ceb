// EnumName is the name of an enumerator in the configuration file. There is one table per
// enumeration; the loader reads names by it, and ToString() returns them.

#ifndef MANTLET_CONFIG_ENUM_NAMES_H_
#define MANTLET_CONFIG_ENUM_NAMES_H_

#include <cstddef>

#include "config/config.h"

namespace mantlet::config {

template <typename Enum>
struct EnumName {
  const char* text;
  Enum value;
};

inline constexpr EnumName<TlsVersion> kTlsVersionNames[] = {
    {"1.2", TlsVersion::kTls12},
    {"1.3", TlsVersion::kTls13},
};

inline constexpr EnumName<ClientAuthMode> kClientAuthModeNames[] = {
    {"none", ClientAuthMode::kNone},
    {"request", ClientAuthMode::kRequest},
    {"optional", ClientAuthMode::kOptional},
    {"require", ClientAuthMode::kRequire},
};

inline constexpr EnumName<OnInvalid> kOnInvalidNames[] = {
    {"drain", OnInvalid::kDrain},
    {"close", OnInvalid::kClose},
    {"ignore", OnInvalid::kIgnore},
};

inline constexpr EnumName<CrlPolicy> kCrlPolicyNames[] = {
    {"if_present", CrlPolicy::kIfPresent},
    {"require", CrlPolicy::kRequire},
};

inline constexpr EnumName<ExpiredCrl> kExpiredCrlNames[] = {
    {"refuse", ExpiredCrl::kRefuse},
    {"use", ExpiredCrl::kUse},
};

inline constexpr EnumName<XfccMode> kXfccModeNames[] = {
    {"sanitize", XfccMode::kSanitize},
    {"sanitize_set", XfccMode::kSanitizeSet},
    {"append_forward", XfccMode::kAppendForward},
    {"forward_only", XfccMode::kForwardOnly},
    {"always_forward_only", XfccMode::kAlwaysForwardOnly},
};

inline constexpr EnumName<XfccField> kXfccFieldNames[] = {
    {"by", XfccField::kBy},       {"hash", XfccField::kHash}, {"subject", XfccField::kSubject},
    {"uri", XfccField::kUri},     {"dns", XfccField::kDns},   {"cert", XfccField::kCert},
    {"chain", XfccField::kChain},
};

inline constexpr EnumName<ClientCertMode> kClientCertModeNames[] = {
    {"off", ClientCertMode::kOff},
    {"leaf", ClientCertMode::kLeaf},
    {"chain", ClientCertMode::kChain},
};

inline constexpr EnumName<IdentityField> kIdentityFieldNames[] = {
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

inline constexpr EnumName<ForwardedFor> kForwardedForNames[] = {
    {"append", ForwardedFor::kAppend},
    {"replace", ForwardedFor::kReplace},
};

inline constexpr EnumName<ForwardingHeaders> kForwardingHeadersNames[] = {
    {"remove", ForwardingHeaders::kRemove},
    {"forward", ForwardingHeaders::kForward},
};

inline constexpr EnumName<RuleAction> kRuleActionNames[] = {
    {"allow", RuleAction::kAllow},
    {"deny", RuleAction::kDeny},
    {"require_client_cert", RuleAction::kRequireClientCert},
};

// kEither has no name: the key is absent.
inline constexpr EnumName<CertificatePresence> kCertificatePresenceNames[] = {
    {"present", CertificatePresence::kPresent},
    {"absent", CertificatePresence::kAbsent},
};

// Their ALPN names (RFC 7301; RFC 9113 section 3.1).
inline constexpr EnumName<HttpProtocol> kHttpProtocolNames[] = {
    {"h2", HttpProtocol::kHttp2},
    {"http/1.1", HttpProtocol::kHttp1},
};

inline constexpr EnumName<HealthType> kHealthTypeNames[] = {
    {"http", HealthType::kHttp},
    {"tcp", HealthType::kTcp},
    {"grpc", HealthType::kGrpc},
};

inline constexpr EnumName<UpstreamProtocol> kUpstreamProtocolNames[] = {
    {"http1", UpstreamProtocol::kHttp1},
    {"h2c", UpstreamProtocol::kH2c},
    {"match", UpstreamProtocol::kMatch},
};

inline constexpr EnumName<LogLevel> kLogLevelNames[] = {
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
};

inline constexpr EnumName<LogFormat> kLogFormatNames[] = {
    {"json", LogFormat::kJson},
    {"text", LogFormat::kText},
};

// NameOf returns the name of `value`, or "" for a value outside the enumeration.
template <typename Enum, size_t N>
constexpr const char* NameOf(const EnumName<Enum> (&names)[N], Enum value) {
  for (const EnumName<Enum>& name : names) {
    if (name.value == value) return name.text;
  }
  return "";
}

inline const char* ToString(TlsVersion v) { return NameOf(kTlsVersionNames, v); }
inline const char* ToString(ClientAuthMode v) { return NameOf(kClientAuthModeNames, v); }
inline const char* ToString(OnInvalid v) { return NameOf(kOnInvalidNames, v); }
inline const char* ToString(CrlPolicy v) { return NameOf(kCrlPolicyNames, v); }
inline const char* ToString(ExpiredCrl v) { return NameOf(kExpiredCrlNames, v); }
inline const char* ToString(XfccMode v) { return NameOf(kXfccModeNames, v); }
inline const char* ToString(XfccField v) { return NameOf(kXfccFieldNames, v); }
inline const char* ToString(ClientCertMode v) { return NameOf(kClientCertModeNames, v); }
inline const char* ToString(IdentityField v) { return NameOf(kIdentityFieldNames, v); }
inline const char* ToString(ForwardedFor v) { return NameOf(kForwardedForNames, v); }
inline const char* ToString(ForwardingHeaders v) { return NameOf(kForwardingHeadersNames, v); }
inline const char* ToString(RuleAction v) { return NameOf(kRuleActionNames, v); }
inline const char* ToString(HttpProtocol v) { return NameOf(kHttpProtocolNames, v); }
inline const char* ToString(UpstreamProtocol v) { return NameOf(kUpstreamProtocolNames, v); }
inline const char* ToString(LogLevel v) { return NameOf(kLogLevelNames, v); }
inline const char* ToString(LogFormat v) { return NameOf(kLogFormatNames, v); }

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_ENUM_NAMES_H_
