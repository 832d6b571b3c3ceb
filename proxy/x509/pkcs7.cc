#include "proxy/x509/pkcs7.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pkcs7.h>
#include <openssl/pool.h>
#include <openssl/stack.h>
#include <openssl/x509.h>

#include <cstdint>

#include "absl/status/status.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_kind.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

std::string Der(X509_CRL* crl) {
  uint8_t* bytes = nullptr;
  int size = i2d_X509_CRL(crl, &bytes);
  if (size < 0) return "";
  std::string der(View(bytes, static_cast<size_t>(size)));
  OPENSSL_free(bytes);
  return der;
}

// Returns whether the last call failed only because there is no element of its kind.
bool Lacks(int reason) {
  const uint32_t error = ERR_peek_last_error();
  ClearErrors();
  return ERR_GET_LIB(error) == ERR_LIB_PKCS7 && ERR_GET_REASON(error) == reason;
}

absl::Status Damaged() {
  return absl::InvalidArgumentError(
      "it is PKCS#7 that cannot be parsed; get the certificates again, preferably as PEM");
}

}  // namespace

bool LooksLikePkcs7(std::string_view bytes) { return KindOfDer(bytes) == DerKind::kPkcs7; }

absl::StatusOr<Pkcs7> ParsePkcs7(std::string_view bytes) {
  Pkcs7 contents;
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> certificates(sk_CRYPTO_BUFFER_new_null());
  bssl::UniquePtr<STACK_OF(X509_CRL)> crls(sk_X509_CRL_new_null());
  CBS in = AsCbs(bytes), again = AsCbs(bytes);
  ClearErrors();
  if (!PKCS7_get_raw_certificates(certificates.get(), &in, nullptr) &&
      !Lacks(PKCS7_R_NO_CERTIFICATES_INCLUDED)) {
    return Damaged();
  }
  if (!PKCS7_get_CRLs(crls.get(), &again) && !Lacks(PKCS7_R_NO_CRLS_INCLUDED)) return Damaged();
  for (const CRYPTO_BUFFER* buffer : certificates.get()) {
    contents.certificates.emplace_back(View(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer)));
  }
  for (X509_CRL* crl : crls.get()) contents.crls.push_back(Der(crl));
  if (!contents.certificates.empty() || !contents.crls.empty()) return contents;
  return absl::InvalidArgumentError(
      "it is PKCS#7 without any certificate; make it with: openssl crl2pkcs7 -nocrl -certfile");
}

}  // namespace mantlet::x509
