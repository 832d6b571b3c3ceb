#include "proxy/tls/chain_verifier.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proxy/tls/certificate_names.h"
#include "proxy/tls/openssl_errors.h"
#include "proxy/tls/public_key.h"
#include "proxy/tls/x509_facts.h"

namespace mantlet::tls {
namespace {

// More than any path we accept: our own limit is applied to the path that was
// built, because versions of the library count differently.
constexpr int kLibraryDepth = 32;

// How many anchors of one name are tried before a signature counts as bad.
constexpr size_t kMaxNamesakes = 8;

ChainFailure FailureOf(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return ChainFailure::kUnknownCa;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return ChainFailure::kNotYetValid;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return ChainFailure::kExpired;
    case X509_V_ERR_CERT_REVOKED:
      return ChainFailure::kRevoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return ChainFailure::kCrlMissing;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return ChainFailure::kCrlExpired;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
      return ChainFailure::kBadSignature;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_CERT_REJECTED:
      return ChainFailure::kWrongPurpose;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_NAME_CONSTRAINTS_WITHOUT_SANS:
      return ChainFailure::kNameConstraint;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return ChainFailure::kPathTooLong;
    default:
      return ChainFailure::kInvalidCertificate;
  }
}

VerifyResult Failure(ChainFailure failure, const X509* at_fault, int depth, std::string detail) {
  VerifyResult result;
  result.failure = failure;
  result.depth = depth;
  result.detail = std::move(detail);
  if (at_fault == nullptr) return result;
  result.subject = RenderName(X509_get_subject_name(at_fault), ControlBytes::kEscape);
  result.issuer = RenderName(X509_get_issuer_name(at_fault), ControlBytes::kEscape);
  result.serial = SerialHex(at_fault);
  int64_t not_before = 0;
  ReadValidity(at_fault, &not_before, &result.not_after);
  return result;
}

std::string Date(int64_t seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(seconds),
                          absl::UTCTimeZone());
}

// The sentence for operators. `error` is the library's code.
std::string Explain(ChainFailure failure, const X509* at_fault, int depth, int error) {
  const std::string who = depth == 0 ? "the certificate" : "a CA certificate of the chain";
  int64_t not_before = 0, not_after = 0;
  if (at_fault != nullptr) ReadValidity(at_fault, &not_before, &not_after);
  switch (failure) {
    case ChainFailure::kUnknownCa:
      return absl::StrCat(
          who, " was issued by ",
          at_fault == nullptr ? "an unknown CA"
                              : RenderName(X509_get_issuer_name(at_fault), ControlBytes::kEscape),
          ", which is neither in the trust bundle nor among the certificates presented");
    case ChainFailure::kExpired:
      return absl::StrCat(who, " expired at ", Date(not_after));
    case ChainFailure::kNotYetValid:
      return absl::StrCat(who, " is not valid before ", Date(not_before));
    default:
      return absl::StrCat(who, ": ", X509_verify_cert_error_string(error));
  }
}

// Our own refusals, on a path the library is content with.
VerifyResult JudgePath(const STACK_OF(X509) * path, int max_depth) {
  VerifyResult result;
  result.path_not_after = std::numeric_limits<int64_t>::max();
  const size_t length = sk_X509_num(path);
  if (length > static_cast<size_t>(max_depth) + 2) {
    return Failure(ChainFailure::kPathTooLong, sk_X509_value(path, 0), 0,
                   absl::StrCat("the path has ", length - 2,
                                " certificates between the leaf and the trust anchor, ", max_depth,
                                " are allowed"));
  }
  for (size_t i = 0; i < length; ++i) {
    X509* x509 = sk_X509_value(path, i);
    bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(x509));
    if (IsWeakKey(key.get())) {
      return Failure(ChainFailure::kWeakKey, x509, static_cast<int>(i),
                     DescribeKey(key.get()).weakness);
    }
    const bool anchor = i + 1 == length;
    if (!anchor && HasWeakSignature(x509)) {
      return Failure(ChainFailure::kWeakKey, x509, static_cast<int>(i),
                     "its signature uses MD5 or SHA-1, which is not accepted");
    }
    int64_t not_before = 0, not_after = 0;
    ReadValidity(x509, &not_before, &not_after);
    result.path_not_after = std::min(result.path_not_after, not_after);
  }
  return result;
}

bssl::UniquePtr<STACK_OF(X509)> Intermediates(const PresentedChain& chain) {
  bssl::UniquePtr<STACK_OF(X509)> stack(sk_X509_new_null());
  for (size_t i = 1; i < chain.size() && stack != nullptr; ++i) {
    X509_up_ref(chain.x509(i));
    if (!sk_X509_push(stack.get(), chain.x509(i))) {
      X509_free(chain.x509(i));
      return nullptr;
    }
  }
  return stack;
}

// A configured context, or null when the library is out of memory. Unless `only`
// is null, it takes the place of the trust store's anchors; the context keeps a
// pointer to it.
bssl::UniquePtr<X509_STORE_CTX> NewContext(const TrustStore& trust, X509* leaf,
                                           STACK_OF(X509) * intermediates, STACK_OF(X509) * only,
                                           ChainVerifier::Purpose purpose, int64_t now) {
  bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (context == nullptr ||
      !X509_STORE_CTX_init(context.get(), trust.store(), leaf, intermediates)) {
    return nullptr;
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(param, purpose == ChainVerifier::Purpose::kClientAuth
                                           ? X509_PURPOSE_SSL_CLIENT
                                           : X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_depth(param, kLibraryDepth);
  X509_VERIFY_PARAM_set_time_posix(param, now);
  if (only != nullptr) X509_STORE_CTX_set0_trusted_stack(context.get(), only);
  return context;
}

// The library settles on the first anchor whose name fits, although a CA that
// was given a new key has two of one name, and certificates need not say which
// key signed them. All anchors but the other bearers of `anchor`'s name.
bssl::UniquePtr<STACK_OF(X509)> WithoutNamesakes(const TrustStore& trust,
                                                 const Certificate& anchor) {
  bssl::UniquePtr<STACK_OF(X509)> stack(sk_X509_new_null());
  for (const CertificatePtr& other : trust.anchors()) {
    if (other.get() != &anchor && other->subject_der() == anchor.subject_der()) continue;
    X509_up_ref(other->x509());
    if (stack == nullptr || !sk_X509_push(stack.get(), other->x509())) {
      X509_free(other->x509());
      return nullptr;
    }
  }
  return stack;
}

std::vector<CertificatePtr> AnchorsNamed(const TrustStore& trust, const X509* certificate) {
  const uint8_t* name = nullptr;
  size_t size = 0;
  std::vector<CertificatePtr> named;
  if (!X509_NAME_get0_der(X509_get_issuer_name(certificate), &name, &size)) return named;
  const std::string_view issuer(reinterpret_cast<const char*>(name), size);
  for (const CertificatePtr& anchor : trust.anchors()) {
    if (anchor->subject_der() == issuer) named.push_back(anchor);
  }
  return named;
}

VerifyResult FailureFrom(X509_STORE_CTX* context) {
  const int error = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  const X509* at_fault = X509_STORE_CTX_get_current_cert(context);
  ChainFailure failure = FailureOf(error);
  // Some digests the library does not even try.
  if (failure == ChainFailure::kBadSignature && at_fault != nullptr && HasWeakSignature(at_fault)) {
    return Failure(ChainFailure::kWeakKey, at_fault, depth,
                   "its signature uses MD5 or SHA-1, which is not accepted");
  }
  return Failure(failure, at_fault, depth, Explain(failure, at_fault, depth, error));
}

}  // namespace

std::string_view ReasonLabel(ChainFailure failure) {
  switch (failure) {
    case ChainFailure::kNone:
      return "";
    case ChainFailure::kUnknownCa:
      return "unknown_ca";
    case ChainFailure::kExpired:
      return "expired";
    case ChainFailure::kNotYetValid:
      return "not_yet_valid";
    case ChainFailure::kRevoked:
      return "revoked";
    case ChainFailure::kCrlMissing:
      return "crl_missing";
    case ChainFailure::kCrlExpired:
      return "crl_expired";
    case ChainFailure::kBadSignature:
      return "bad_signature";
    case ChainFailure::kWeakKey:
      return "weak_key";
    case ChainFailure::kWrongPurpose:
      return "wrong_purpose";
    case ChainFailure::kNameConstraint:
      return "name_constraint";
    case ChainFailure::kPathTooLong:
      return "path_too_long";
    case ChainFailure::kInvalidCertificate:
      return "invalid_certificate";
  }
  return "invalid_certificate";
}

ChainVerifier::ChainVerifier(TrustStorePtr trust, Options options)
    : trust_(std::move(trust)), options_(options) {}

VerifyResult ChainVerifier::Verify(absl::Span<const std::string_view> ders, int64_t now) const {
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) {
    return Failure(ChainFailure::kInvalidCertificate, nullptr, -1,
                   std::string(chain.status().message()));
  }
  return Verify(*chain, now);
}

VerifyResult ChainVerifier::Verify(const PresentedChain& chain, int64_t now) const {
  ClearErrors();
  X509* signed_badly = nullptr;
  VerifyResult result = VerifyWith(chain, nullptr, now, &signed_badly);
  if (result.failure == ChainFailure::kBadSignature && signed_badly != nullptr) {
    const std::vector<CertificatePtr> namesakes = AnchorsNamed(*trust_, signed_badly);
    for (size_t i = 0; namesakes.size() > 1 && i < std::min(namesakes.size(), kMaxNamesakes); ++i) {
      VerifyResult again = VerifyWith(chain, namesakes[i].get(), now, &signed_badly);
      if (again.failure == ChainFailure::kBadSignature) continue;
      result = std::move(again);
      break;
    }
  }
  ClearErrors();
  return result;
}

VerifyResult ChainVerifier::VerifyWith(const PresentedChain& chain, const Certificate* namesake,
                                       int64_t now, X509** signed_badly) const {
  bssl::UniquePtr<STACK_OF(X509)> intermediates = Intermediates(chain);
  bssl::UniquePtr<STACK_OF(X509)> only;
  if (namesake != nullptr) only = WithoutNamesakes(*trust_, *namesake);
  bssl::UniquePtr<X509_STORE_CTX> context;
  if (intermediates != nullptr && (namesake == nullptr || only != nullptr)) {
    context =
        NewContext(*trust_, chain.x509(0), intermediates.get(), only.get(), options_.purpose, now);
  }
  if (context == nullptr) {
    return Failure(ChainFailure::kInvalidCertificate, chain.x509(0), 0, "out of memory");
  }
  if (X509_verify_cert(context.get()) == 1) {
    return JudgePath(X509_STORE_CTX_get0_chain(context.get()), options_.max_depth);
  }
  // Only one of the chain's own outlives the context.
  X509* at_fault = X509_STORE_CTX_get_current_cert(context.get());
  *signed_badly = nullptr;
  for (size_t i = 0; i < chain.size(); ++i) {
    if (chain.x509(i) == at_fault) *signed_badly = at_fault;
  }
  return FailureFrom(context.get());
}

}  // namespace mantlet::tls
