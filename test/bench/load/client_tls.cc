#include "test/bench/load/client_tls.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::bench {

absl::StatusOr<std::unique_ptr<ClientTls>> ClientTls::Create(const Options& options) {
  std::unique_ptr<ClientTls> self(new ClientTls);
  self->sni_ = options.sni;
  self->ctx_.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* const ctx = self->ctx_.get();
  const uint16_t version = options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  // One choice of everything, so that every server does the same work. P-256 stands in
  // the list for the certificates' sake (TLS 1.2); servers take what comes first.
  if (!SSL_CTX_set_min_proto_version(ctx, version) ||
      !SSL_CTX_set_max_proto_version(ctx, version) ||
      !SSL_CTX_set1_groups_list(ctx, "X25519:P-256") ||
      !SSL_CTX_set_strict_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256")) {
    return absl::InternalError("the TLS library refuses the settings");
  }
  SSL_CTX_set_custom_verify(ctx, SSL_VERIFY_PEER, [](SSL*, uint8_t*) { return ssl_verify_ok; });
  if (!options.certificate.empty() &&
      (!SSL_CTX_use_certificate_chain_file(ctx, options.certificate.c_str()) ||
       !SSL_CTX_use_PrivateKey_file(ctx, options.key.c_str(), SSL_FILETYPE_PEM))) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot use ", options.certificate, " with ", options.key));
  }
  // Nothing else is offered, so that a server that chooses any protocol has chosen this one.
  static constexpr uint8_t kHttp2[] = {2, 'h', '2'};
  if (options.streams > 0 && SSL_CTX_set_alpn_protos(ctx, kHttp2, sizeof(kHttp2)) != 0) {
    return absl::InternalError("the TLS library refuses the settings");
  }
  if (options.resume) {
    SSL_CTX_set_app_data(ctx, self.get());
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, [](SSL* ssl, SSL_SESSION* session) {
      auto* tls = static_cast<ClientTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      tls->session_.reset(session);
      return 1;  // it is ours now
    });
  }
  return self;
}

bssl::UniquePtr<SSL> ClientTls::NewSsl() const {
  bssl::UniquePtr<SSL> ssl(SSL_new(ctx_.get()));
  SSL_set_connect_state(ssl.get());
  SSL_set_shed_handshake_config(ssl.get(), 1);
  SSL_set_tlsext_host_name(ssl.get(), sni_.c_str());
  if (session_ != nullptr) SSL_set_session(ssl.get(), session_.get());
  return ssl;
}

}  // namespace mantlet::bench
