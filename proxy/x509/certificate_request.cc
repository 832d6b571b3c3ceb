#include "proxy/x509/certificate_request.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

constexpr size_t kShownNames = 3;

// Returns the kind of key for a signature scheme, or an empty string for an unsupported scheme.
std::string_view KeyFor(uint16_t algorithm) {
  switch (algorithm) {
    case SSL_SIGN_ECDSA_SECP256R1_SHA256:
      return "ECDSA P-256";
    case SSL_SIGN_ECDSA_SECP384R1_SHA384:
      return "ECDSA P-384";
    case SSL_SIGN_ECDSA_SECP521R1_SHA512:
      return "ECDSA P-521";
    case SSL_SIGN_ED25519:
      return "Ed25519";
    case SSL_SIGN_RSA_PKCS1_SHA256:
    case SSL_SIGN_RSA_PKCS1_SHA384:
    case SSL_SIGN_RSA_PKCS1_SHA512:
    case SSL_SIGN_RSA_PSS_RSAE_SHA256:
    case SSL_SIGN_RSA_PSS_RSAE_SHA384:
    case SSL_SIGN_RSA_PSS_RSAE_SHA512:
      return "RSA";
    default:
      return "";
  }
}

std::string KeysFor(absl::Span<const uint16_t> algorithms) {
  std::vector<std::string_view> keys;
  for (const uint16_t algorithm : algorithms) {
    const std::string_view key = KeyFor(algorithm);
    if (!key.empty() && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return absl::StrJoin(keys, ", ", [](std::string* out, std::string_view key) {
    out->append(key.data(), key.size());
  });
}

std::string NameText(const std::string& der) {
  const uint8_t* in = Data(der);
  const bssl::UniquePtr<X509_NAME> name(d2i_X509_NAME(nullptr, &in, static_cast<long>(der.size())));
  ClearErrors();
  return name == nullptr ? "?" : RenderName(name.get(), ControlBytes::kEscape);
}

}  // namespace

std::string DescribeCertificateRequest(absl::Span<const uint16_t> algorithms,
                                       const std::vector<std::string>& ca_names_der,
                                       bool names_sent) {
  std::string text = absl::StrCat(
      "it was asked for a certificate with a key of one of these kinds: ", KeysFor(algorithms));
  if (!names_sent || ca_names_der.empty()) {
    absl::StrAppend(&text, "; the request named no CA, because ",
                    ca_names_der.empty() ? "there is none" : "there are too many");
  } else {
    absl::StrAppend(&text, "; with a chain to ",
                    ca_names_der.size() == 1
                        ? "the CA "
                        : absl::StrCat("one of ", ca_names_der.size(), " CAs: "));
    for (size_t i = 0; i < std::min(ca_names_der.size(), kShownNames); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : "; ", NameText(ca_names_der[i]));
    }
    if (ca_names_der.size() > kShownNames) absl::StrAppend(&text, "; ...");
  }
  return text + ". A client without such a certificate sends none";
}

}  // namespace mantlet::x509
