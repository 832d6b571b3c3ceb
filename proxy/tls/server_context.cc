#include "proxy/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/tls/handshake_hooks.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/certificate_request.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::tls {
namespace {

// Only suites with forward secrecy and authenticated encryption. Suites in brackets have the same
// preference: the client chooses between AES, which is faster with hardware support, and ChaCha20,
// which is faster without.
constexpr char kDefaultCiphers[] =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

// The hybrid group comes first if the library has it: it may not be among the library's defaults.
#ifdef SSL_GROUP_X25519_MLKEM768
constexpr char kDefaultGroups[] = "X25519MLKEM768:X25519:P-256";
#else
constexpr char kDefaultGroups[] = "X25519:P-256";
#endif

// A CertificateRequest with more bytes of names than this would cost more on every handshake than
// it helps clients to choose a certificate.
constexpr size_t kMaxCaNamesBytes = 8 * 1024;

// The algorithms for our signatures and the client's: without SHA-1, with Ed25519 for both. The
// library's own list for clients lacks Ed25519 and P-521, and contains SHA-1.
constexpr uint16_t kSignatureAlgorithms[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ED25519,
    SSL_SIGN_RSA_PSS_RSAE_SHA256,    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA384,       SSL_SIGN_ECDSA_SECP521R1_SHA512,
    SSL_SIGN_RSA_PSS_RSAE_SHA512,    SSL_SIGN_RSA_PKCS1_SHA512,
};

uint16_t WireVersion(config::TlsVersion version) {
  return version == config::TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

// Converts the configuration's list to the library's syntax.
std::string CipherList(const std::vector<std::string>& suites) {
  if (suites.empty()) return kDefaultCiphers;
  return absl::StrJoin(suites, ":", [](std::string* out, const std::string& suite) {
    const bool several = suite.find('|') != std::string::npos;
    absl::StrAppend(out, several ? "[" : "", suite, several ? "]" : "");
  });
}

std::vector<CertificateSelector::Entry> EntriesOf(
    const std::vector<ServerCredential>& credentials) {
  std::vector<CertificateSelector::Entry> entries;
  for (const ServerCredential& credential : credentials) {
    CertificateSelector::Entry& entry = entries.emplace_back();
    entry.names = credential.names;
    entry.other_names = credential.san_ip;
    if (entry.names.empty() && entry.other_names.empty()) entry.other_names = credential.san_uri;
    entry.key = x509::LeafKeyOf(credential.key->public_key());
  }
  return entries;
}

CRYPTO_BUFFER* NewBuffer(std::string_view bytes, CRYPTO_BUFFER_POOL* pool) {
  return CRYPTO_BUFFER_new(x509::Data(bytes), bytes.size(), pool);
}

// Returns a digest of everything that decides whether a client is accepted and with which identity.
// It is the session-id context of the library, and tickets are bound to it.
std::string AuthorizationDigest(const ServerContext::Options& options) {
  std::string text;
  // Lengths precede the contents, so that different lists give different texts.
  const auto add = [&text](std::string_view part) {
    absl::StrAppend(&text, part.size(), ":");
    text.append(part);
  };
  add(options.listener);
  add(std::to_string(static_cast<int>(options.client_auth)));
  add(options.verifier == nullptr ? "" : options.verifier->id());
  add(options.policy_id);
  for (const ServerCredential& credential : options.credentials) {
    add("certificate");
    for (const std::string& der : credential.chain_der) add(der);  // the key belongs to the leaf
    for (const std::string& name : credential.names) add(name);
  }
  static_assert(SHA256_DIGEST_LENGTH <= SSL_MAX_SID_CTX_LENGTH);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(x509::Data(text), text.size(), x509::MutableData(digest));
  return digest;
}

bool SameResponses(const std::vector<ServerCredential>& a, const std::vector<ServerCredential>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.ocsp_response == y.ocsp_response;
  });
}

}  // namespace

ServerContext::ServerContext(Options options)
    : options_(std::move(options)),
      selector_(EntriesOf(options_.credentials)),
      pool_(CRYPTO_BUFFER_POOL_new()) {}

ServerContext::~ServerContext() {
  for (auto& chain : chains_) {
    for (CRYPTO_BUFFER* buffer : chain) CRYPTO_BUFFER_free(buffer);
  }
  SSL_CTX_free(ctx_);
  CRYPTO_BUFFER_POOL_free(pool_);
}

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Create(Options options) {
  std::shared_ptr<ServerContext> context(new ServerContext(std::move(options)));
  x509::ClearErrors();
  if (absl::Status status = context->Init(); !status.ok()) return status;
  return context;
}

absl::Status ServerContext::Init() {
  // No X509 objects: each connection keeps the peer's certificate as a shared buffer, and the
  // verify package does the verification.
  ctx_ = SSL_CTX_new(TLS_with_buffers_method());
  if (ctx_ == nullptr) return absl::InternalError("the TLS library could not create a context");
  SSL_CTX_set0_buffer_pool(ctx_, pool_);
  if (absl::Status status = SetParameters(); !status.ok()) return status;

  for (const ServerCredential& credential : options_.credentials) {
    auto& chain = chains_.emplace_back();
    for (const std::string& der : credential.chain_der) chain.push_back(NewBuffer(der, pool_));
  }
  for (size_t i = 0; i < chains_.size(); ++i) {
    if (!SSL_CTX_set_chain_and_key(ctx_, chains_[i].data(), chains_[i].size(),
                                   options_.credentials[i].key->pkey(), nullptr)) {
      return absl::InvalidArgumentError(absl::StrCat("the TLS library rejects certificate ", i + 1,
                                                     " (", x509::TakeErrors(), ")"));
    }
  }
  if (!SSL_CTX_set_chain_and_key(ctx_, chains_[0].data(), chains_[0].size(),
                                 options_.credentials[0].key->pkey(), nullptr)) {
    return absl::InternalError(x509::TakeErrors());
  }
  InstallServerHooks(ctx_);
  return absl::OkStatus();
}

absl::Status ServerContext::SetParameters() {
  const config::Tls& tls = options_.tls;
  SSL_CTX_set_min_proto_version(ctx_, WireVersion(tls.min_version));
  SSL_CTX_set_max_proto_version(ctx_, WireVersion(tls.max_version));
  SetResumption();

  // The server's order of cipher suites (TLS 1.2) and groups decides.
  SSL_CTX_set_options(ctx_, SSL_OP_CIPHER_SERVER_PREFERENCE);
  const std::string ciphers = CipherList(tls.cipher_suites);
  if (!SSL_CTX_set_strict_cipher_list(ctx_, ciphers.c_str())) {
    return absl::InvalidArgumentError(
        absl::StrCat("cipher_suites: the TLS library does not support all of ", ciphers, " (",
                     x509::TakeErrors(), "); remove the list to use the default"));
  }
  const std::string groups = tls.groups.empty() ? kDefaultGroups : absl::StrJoin(tls.groups, ":");
  if (!SSL_CTX_set1_curves_list(ctx_, groups.c_str())) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups: the TLS library does not support all of ", groups, " (",
                     x509::TakeErrors(), "); remove the list to use the default"));
  }
  if (!SSL_CTX_set_signing_algorithm_prefs(ctx_, kSignatureAlgorithms,
                                           std::size(kSignatureAlgorithms)) ||
      !SSL_CTX_set_verify_algorithm_prefs(ctx_, kSignatureAlgorithms,
                                          std::size(kSignatureAlgorithms))) {
    return absl::InternalError(x509::TakeErrors());
  }
  ReadCapabilities();
  if (options_.verifier == nullptr) return absl::OkStatus();

  size_t bytes = 0;
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> names(sk_CRYPTO_BUFFER_new_null());
  for (const std::string& name : options_.verifier->subject_names_der()) {
    bytes += name.size();
    bssl::PushToStack(names.get(), bssl::UniquePtr<CRYPTO_BUFFER>(NewBuffer(name, pool_)));
  }
  names_cas_ = bytes <= kMaxCaNamesBytes;
  if (names_cas_) SSL_CTX_set0_client_CAs(ctx_, names.release());
  return absl::OkStatus();
}

void ServerContext::SetResumption() {
  SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_early_data_enabled(ctx_, 0);  // would allow replays (RFC 8446 section 8)
  if (!options_.tls.session_resumption) {
    SSL_CTX_set_options(ctx_, SSL_OP_NO_TICKET);
    return;
  }
  const int64_t lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(options_.tls.session_lifetime).count();
  tickets_ = std::make_unique<SessionTickets>(AuthorizationDigest(options_), lifetime);
  const std::string& context = tickets_->authorization_digest();
  SSL_CTX_set_session_id_context(ctx_, x509::Data(context), context.size());
  // These are the library's own limits, for TLS 1.2 and TLS 1.3; in TLS 1.3 each renewal restarts
  // them. The terms in the ticket are not renewed.
  SSL_CTX_set_timeout(ctx_, static_cast<uint32_t>(lifetime));
  SSL_CTX_set_session_psk_dhe_timeout(ctx_, static_cast<uint32_t>(lifetime));
  // Every resumption issues a new ticket.
  SSL_CTX_set_num_tickets(ctx_, 1);
  InstallTicketHooks(ctx_);
}

bool ServerContext::IsEquivalent(const Options& options) const {
  // The OCSP responses do not decide about clients, so the ticket keys do not depend on them.
  if (!SameResponses(options_.credentials, options.credentials)) return false;
  return options_.tls == options.tls && options_.clock == options.clock &&
         options_.protocols == options.protocols &&
         AuthorizationDigest(options_) == AuthorizationDigest(options);
}

void ServerContext::ReadCapabilities() {
  capabilities_.tls12 = options_.tls.min_version == config::TlsVersion::kTls12;
  capabilities_.tls13 = options_.tls.max_version == config::TlsVersion::kTls13;
  const STACK_OF(SSL_CIPHER)* suites = SSL_CTX_get_ciphers(ctx_);
  for (size_t i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(suites, i);
    const int kind = SSL_CIPHER_get_auth_nid(suite);
    const uint16_t number = SSL_CIPHER_get_protocol_id(suite);
    if (kind == NID_auth_ecdsa) capabilities_.ecdsa_suites.push_back(number);
    if (kind == NID_auth_rsa) capabilities_.rsa_suites.push_back(number);
  }
}

std::string ServerContext::DescribeCertificateRequest() const {
  if (verifier() == nullptr) return "the listener did not request one";
  return x509::DescribeCertificateRequest(kSignatureAlgorithms, verifier()->subject_names_der(),
                                          names_cas_);
}

size_t ServerContext::Select(std::string_view server_name, x509::LeafKeySet verifiable) const {
  if (!server_name.empty()) {
    if (auto index = selector_.Find(server_name, verifiable)) return *index;
  }
  return options_.tls.strict_sni ? SIZE_MAX : selector_.Default(verifiable);
}

bool ServerContext::IsAuthoritativeFor(size_t index, std::string_view host,
                                       x509::LeafKeySet verifiable) const {
  const size_t selected = Select(host, verifiable);
  if (selected == index || selector_.Covers(index, host)) return true;
  // A name that no certificate has is treated like no name.
  return selector_.IsDefault(selected) && selector_.IsDefault(index) &&
         !selector_.Find(host, verifiable).has_value();
}

bool ServerContext::Install(size_t index, void* ssl) const {
  return SSL_set_chain_and_key(static_cast<SSL*>(ssl), chains_[index].data(), chains_[index].size(),
                               options_.credentials[index].key->pkey(), nullptr) == 1;
}

bool ServerContext::Staple(size_t index, void* ssl) const {
  const ServerCredential& credential = options_.credentials[index];
  if (credential.ocsp_response.empty()) return true;
  const int64_t now = options_.clock->WallSeconds();
  if (now < credential.ocsp_from || now >= credential.ocsp_until) return true;
  return SSL_set_ocsp_response(static_cast<SSL*>(ssl), x509::Data(credential.ocsp_response),
                               credential.ocsp_response.size()) == 1;
}

}  // namespace mantlet::tls
