#include "proxy/tls/server_context.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/tls/openssl_errors.h"
#include "proxy/tls/server_stream.h"

namespace mantlet::tls {
namespace {

// Forward secrecy and authenticated encryption only, AES first where both ends
// have hardware for it.
constexpr char kDefaultCiphers[] =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

// The hybrid first where the library has it: it may not be among its defaults.
#ifdef SSL_GROUP_X25519_MLKEM768
constexpr char kDefaultGroups[] = "X25519MLKEM768:X25519:P-256:P-384";
#else
constexpr char kDefaultGroups[] = "X25519:P-256:P-384";
#endif

// A CertificateRequest with more names than this costs more in bytes on every
// handshake than it ever helps a client to choose.
constexpr size_t kMaxCaNamesBytes = 8 * 1024;

uint16_t WireVersion(config::TlsVersion version) {
  return version == config::TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

std::vector<std::vector<std::string>> NamesOf(const std::vector<ServerCredential>& credentials) {
  std::vector<std::vector<std::string>> names;
  for (const ServerCredential& credential : credentials) names.push_back(credential.names);
  return names;
}

CRYPTO_BUFFER* NewBuffer(std::string_view bytes, CRYPTO_BUFFER_POOL* pool) {
  return CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), pool);
}

// RFC 7301: http/1.1 is what we speak. A client that offers only other protocols
// is told so instead of being answered in one it does not expect.
int SelectAlpn(SSL*, const uint8_t** out, uint8_t* out_size, const uint8_t* in, unsigned in_size,
               void*) {
  CBS protocols;
  CBS_init(&protocols, in, in_size);
  CBS name;
  while (CBS_get_u8_length_prefixed(&protocols, &name)) {
    std::string_view text(reinterpret_cast<const char*>(CBS_data(&name)), CBS_len(&name));
    if (text == "http/1.1" || text == "http/1.0") {
      *out = CBS_data(&name);
      *out_size = static_cast<uint8_t>(CBS_len(&name));
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

ServerContext::ServerContext(Options options)
    : options_(std::move(options)),
      selector_(NamesOf(options_.credentials)),
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
  ClearErrors();
  if (absl::Status status = context->Init(); !status.ok()) return status;
  return context;
}

absl::Status ServerContext::Init() {
  // Without X509 objects: a connection keeps the peer's certificate as one
  // shared buffer, and verification is ours.
  ctx_ = SSL_CTX_new(TLS_with_buffers_method());
  if (ctx_ == nullptr) return absl::InternalError("the TLS library gives no context");
  SSL_CTX_set0_buffer_pool(ctx_, pool_);
  if (absl::Status status = SetParameters(); !status.ok()) return status;

  for (const ServerCredential& credential : options_.credentials) {
    auto& chain = chains_.emplace_back();
    for (const std::string& der : credential.chain_der) chain.push_back(NewBuffer(der, pool_));
  }
  for (size_t i = 0; i < chains_.size(); ++i) {
    if (!SSL_CTX_set_chain_and_key(ctx_, chains_[i].data(), chains_[i].size(),
                                   options_.credentials[i].key->pkey(), nullptr)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the TLS library refuses certificate ", i + 1, ": ", TakeErrors()));
    }
  }
  if (!SSL_CTX_set_chain_and_key(ctx_, chains_[0].data(), chains_[0].size(),
                                 options_.credentials[0].key->pkey(), nullptr)) {
    return absl::InternalError(TakeErrors());
  }
  ServerStream::RegisterCallbacks(ctx_);
  SSL_CTX_set_alpn_select_cb(ctx_, SelectAlpn, nullptr);
  return absl::OkStatus();
}

absl::Status ServerContext::SetParameters() {
  const config::Tls& tls = options_.tls;
  SSL_CTX_set_min_proto_version(ctx_, WireVersion(tls.min_version));
  SSL_CTX_set_max_proto_version(ctx_, WireVersion(tls.max_version));
  SSL_CTX_set_session_cache_mode(ctx_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ctx_, SSL_OP_NO_TICKET);

  std::string ciphers =
      tls.cipher_suites.empty() ? kDefaultCiphers : absl::StrJoin(tls.cipher_suites, ":");
  if (!SSL_CTX_set_strict_cipher_list(ctx_, ciphers.c_str())) {
    return absl::InvalidArgumentError(
        absl::StrCat("cipher_suites: the TLS library does not have all of ", ciphers, " (",
                     TakeErrors(), "); leave the list empty for the safe default"));
  }
  const std::string groups = tls.groups.empty() ? kDefaultGroups : absl::StrJoin(tls.groups, ":");
  if (!SSL_CTX_set1_curves_list(ctx_, groups.c_str())) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups: the TLS library does not have all of ", groups, " (", TakeErrors(),
                     "); leave the list empty for the library's best"));
  }
  if (options_.verifier == nullptr) return absl::OkStatus();

  size_t bytes = 0;
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> names(sk_CRYPTO_BUFFER_new_null());
  for (const std::string& name : options_.verifier->trust().subject_names_der()) {
    bytes += name.size();
    bssl::PushToStack(names.get(), bssl::UniquePtr<CRYPTO_BUFFER>(NewBuffer(name, pool_)));
  }
  if (bytes <= kMaxCaNamesBytes) SSL_CTX_set0_client_CAs(ctx_, names.release());
  return absl::OkStatus();
}

size_t ServerContext::Select(std::string_view server_name) const {
  if (!server_name.empty()) {
    if (auto index = selector_.Find(server_name)) return *index;
  }
  return options_.tls.strict_sni ? SIZE_MAX : 0;
}

bool ServerContext::Install(size_t index, void* ssl) const {
  return SSL_set_chain_and_key(static_cast<SSL*>(ssl), chains_[index].data(), chains_[index].size(),
                               options_.credentials[index].key->pkey(), nullptr) == 1;
}

}  // namespace mantlet::tls
