#include "test/proxy/x509/key_file_maker.h"

#include <openssl/bytestring.h>
#include <openssl/cipher.h>
#include <openssl/mem.h>
#include <openssl/pkcs8.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/pem.h"

namespace mantlet::x509 {

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

std::string ToEncryptedPem(const PrivateKey& key, std::string_view passphrase) {
  bssl::ScopedCBB cbb;
  // -1 is PBES2. Without a salt it is random; 0 iterations are the library's default.
  if (!CBB_init(cbb.get(), 256) ||
      !PKCS8_marshal_encrypted_private_key(cbb.get(), -1, EVP_aes_256_cbc(), passphrase.data(),
                                           passphrase.size(), nullptr, 0, 0, key.pkey())) {
    return "";
  }
  return ToPem("ENCRYPTED PRIVATE KEY", View(CBB_data(cbb.get()), CBB_len(cbb.get())));
}

}  // namespace mantlet::x509
