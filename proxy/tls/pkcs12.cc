#include "proxy/tls/pkcs12.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pkcs8.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/byte_view.h"
#include "proxy/tls/openssl_errors.h"

namespace mantlet::tls {
namespace {

std::string Der(X509* x509) {
  uint8_t* bytes = nullptr;
  int size = i2d_X509(x509, &bytes);
  if (size < 0) return "";
  std::string der(View(bytes, static_cast<size_t>(size)));
  OPENSSL_free(bytes);
  return der;
}

// Whether the queue holds the library's word for a wrong password. Keeps the queue.
bool IsWrongPassword() {
  uint32_t error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PKCS8 && ERR_GET_REASON(error) == PKCS8_R_INCORRECT_PASSWORD;
}

}  // namespace

bool LooksLikePkcs12(std::string_view bytes) {
  // PFX ::= SEQUENCE { version INTEGER (3), … }, the outer length in DER or BER.
  if (bytes.size() < 8 || bytes[0] != 0x30) return false;
  unsigned char length = static_cast<unsigned char>(bytes[1]);
  size_t header = 2 + (length > 0x80 ? length & 0x7fu : 0u);
  return bytes.size() > header + 3 &&
         bytes.substr(header, 3) == std::string_view("\x02\x01\x03", 3);
}

absl::StatusOr<Pkcs12> ParsePkcs12(std::string_view bytes, std::string_view passphrase) {
  if (passphrase.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the passphrase holds a NUL byte");
  }
  ClearErrors();
  CBS in = AsCbs(bytes);
  bssl::UniquePtr<STACK_OF(X509)> stack(sk_X509_new_null());
  EVP_PKEY* key = nullptr;
  if (stack == nullptr ||
      !PKCS12_get_key_and_certs(&key, stack.get(), &in, std::string(passphrase).c_str())) {
    bool wrong_password = IsWrongPassword();
    std::string why = TakeErrors();
    if (wrong_password) return absl::InvalidArgumentError("the passphrase does not open it");
    return absl::InvalidArgumentError(absl::StrCat("it is no readable PKCS#12 (", why, ")"));
  }
  Pkcs12 contents;
  if (key != nullptr) contents.key = PrivateKey::Adopt(key);
  for (size_t i = 0; i < sk_X509_num(stack.get()); ++i) {
    absl::StatusOr<CertificatePtr> certificate =
        Certificate::FromDer(Der(sk_X509_value(stack.get(), i)));
    if (!certificate.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate ", i + 1, " in it: ", certificate.status().message()));
    }
    contents.certificates.push_back(*std::move(certificate));
  }
  return contents;
}

absl::StatusOr<std::string> MakePkcs12(const PrivateKey& key,
                                       const std::vector<CertificatePtr>& certificates,
                                       std::string_view passphrase) {
  if (certificates.empty()) return absl::InvalidArgumentError("there is no certificate");
  ClearErrors();
  bssl::UniquePtr<STACK_OF(X509)> others(sk_X509_new_null());
  for (size_t i = 1; i < certificates.size() && others != nullptr; ++i) {
    X509_up_ref(certificates[i]->x509());
    if (!sk_X509_push(others.get(), certificates[i]->x509())) {
      X509_free(certificates[i]->x509());
      others = nullptr;
    }
  }
  bssl::UniquePtr<PKCS12> pkcs12(
      others == nullptr ? nullptr
                        : PKCS12_create(std::string(passphrase).c_str(), nullptr, key.pkey(),
                                        certificates[0]->x509(), others.get(), 0, 0, 0, 0, 0));
  uint8_t* bytes = nullptr;
  int size = pkcs12 == nullptr ? -1 : i2d_PKCS12(pkcs12.get(), &bytes);
  if (size < 0) return absl::InternalError(TakeErrors());
  std::string der(View(bytes, static_cast<size_t>(size)));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace mantlet::tls
