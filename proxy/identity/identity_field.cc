#include "proxy/identity/identity_field.h"

#include <string_view>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/identity/encoding.h"

namespace mantlet::identity {

using config::IdentityField;

std::string VerifyText(const PeerIdentity& peer) {
  switch (peer.verification) {
    case Verification::kNone:
      return "NONE";
    case Verification::kSuccess:
      return "SUCCESS";
    case Verification::kFailed:
      break;
  }
  const bool safe = IsSafeText(peer.failure_reason);
  return "FAILED:" + std::string(safe ? peer.failure_reason : "other");
}

namespace {

std::string Text(std::string_view text, size_t* unsafe_fields) {
  if (text.empty() || IsSafeUnquoted(text)) return std::string(text);
  ++*unsafe_fields;
  return "";
}

enum class Letters { kAscii, kUtf8 };

std::string Joined(const std::vector<std::string>& names, Letters letters, size_t* unsafe_fields) {
  std::string joined;
  for (const std::string& name : names) {
    const bool safe = IsSafeUnquoted(name) && (letters == Letters::kUtf8 || IsSafeAscii(name));
    if (!safe || name.find(',') != std::string::npos) {
      ++*unsafe_fields;
      continue;
    }
    if (!joined.empty()) joined += ",";
    joined += name;
  }
  return joined;
}

std::string CertificateValue(IdentityField field, const ClientCertificate& certificate,
                             size_t* unsafe_fields) {
  switch (field) {
    case IdentityField::kSubject:
      return Text(certificate.subject, unsafe_fields);
    case IdentityField::kIssuer:
      return Text(certificate.issuer, unsafe_fields);
    case IdentityField::kCn:
      if (certificate.cn_unreadable) ++*unsafe_fields;
      return Text(certificate.cn, unsafe_fields);
    case IdentityField::kOu:
      return Joined(certificate.ou, Letters::kUtf8, unsafe_fields);
    case IdentityField::kOrganizationIdentifier:
      return Joined(certificate.organization_identifier, Letters::kUtf8, unsafe_fields);
    case IdentityField::kSerial:
      return certificate.serial;
    case IdentityField::kFingerprintSha256:
      return certificate.fingerprint_sha256;
    case IdentityField::kFingerprintSha1:
      return certificate.fingerprint_sha1;
    case IdentityField::kSpiffeId:
      return Text(certificate.spiffe_id, unsafe_fields);
    case IdentityField::kSanUri:
      return Joined(certificate.san_uri, Letters::kAscii, unsafe_fields);
    case IdentityField::kSanDns:
      return Joined(certificate.san_dns, Letters::kAscii, unsafe_fields);
    case IdentityField::kSanEmail:
      return Joined(certificate.san_email, Letters::kAscii, unsafe_fields);
    case IdentityField::kSanIp:
      return Joined(certificate.san_ip, Letters::kAscii, unsafe_fields);
    case IdentityField::kSanUpn:
      return Joined(certificate.san_upn, Letters::kUtf8, unsafe_fields);
    case IdentityField::kNotBefore:
      return base::Rfc3339Seconds(certificate.not_before);
    case IdentityField::kNotAfter:
      return base::Rfc3339Seconds(certificate.not_after);
    case IdentityField::kCertPemUrlencoded:
      return certificate.der.empty() ? "" : PercentEncode(CertificatePem(certificate.der));
    case IdentityField::kCertDerBase64:
      return Base64(certificate.der);
    default:
      return "";
  }
}

}  // namespace

std::string FieldValue(IdentityField field, const PeerIdentity& peer, size_t* unsafe_fields) {
  switch (field) {
    case IdentityField::kVerify:
      return VerifyText(peer);
    case IdentityField::kTlsVersion:
      return Text(peer.tls.version, unsafe_fields);
    case IdentityField::kTlsCipher:
      return Text(peer.tls.cipher, unsafe_fields);
    case IdentityField::kTlsGroup:
      return Text(peer.tls.group, unsafe_fields);
    case IdentityField::kSni:
      return Text(peer.tls.sni, unsafe_fields);
    default:
      if (!peer.is_mutual_tls()) return "";
      return CertificateValue(field, *peer.certificate, unsafe_fields);
  }
}

bool HoldsCertificate(IdentityField field) {
  return field == IdentityField::kCertPemUrlencoded || field == IdentityField::kCertDerBase64;
}

bool HoldsNames(IdentityField field) {
  switch (field) {
    case IdentityField::kOu:
    case IdentityField::kOrganizationIdentifier:
    case IdentityField::kSanUri:
    case IdentityField::kSanDns:
    case IdentityField::kSanEmail:
    case IdentityField::kSanIp:
    case IdentityField::kSanUpn:
      return true;
    default:
      return false;
  }
}

}  // namespace mantlet::identity
