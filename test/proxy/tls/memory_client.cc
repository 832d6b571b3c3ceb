#include "test/proxy/tls/memory_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pool.h>

#include <cstdlib>
#include <utility>

namespace mantlet::tls {

// The library would reject a key that does not match the leaf.
const SSL_PRIVATE_KEY_METHOD MemoryClient::kFalseKey = {
    [](SSL* ssl, uint8_t* out, size_t* out_size, size_t max_out, uint16_t, const uint8_t* in,
       size_t in_size) {
      const x509::PrivateKeyPtr& key = static_cast<MemoryClient*>(SSL_get_app_data(ssl))->key_;
      bssl::ScopedEVP_MD_CTX context;
      *out_size = max_out;
      return EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->pkey()) &&
                     EVP_DigestSign(context.get(), out, out_size, in, in_size)
                 ? ssl_private_key_success
                 : ssl_private_key_failure;
    },
    nullptr, nullptr};

MemoryClient::MemoryClient(const Options& options)
    : ctx_(SSL_CTX_new(TLS_with_buffers_method())), key_(options.key) {
  SSL_CTX_set_custom_verify(
      ctx_.get(), SSL_VERIFY_PEER,
      options.refuse_server ? [](SSL*, uint8_t*) { return ssl_verify_invalid; }
                            : [](SSL*, uint8_t*) { return ssl_verify_ok; });
  SSL_CTX_set_min_proto_version(ctx_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(ctx_.get(), options.max_version);
  if (!options.ciphers.empty() &&
      !SSL_CTX_set_strict_cipher_list(ctx_.get(), options.ciphers.c_str())) {
    abort();
  }
  if (!options.groups.empty() && !SSL_CTX_set1_curves_list(ctx_.get(), options.groups.c_str())) {
    abort();
  }
  SSL_CTX_set_session_cache_mode(ctx_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx_.get(), [](SSL* ssl, SSL_SESSION* session) {
    static_cast<MemoryClient*>(SSL_get_app_data(ssl))->session_.reset(session, [](SSL_SESSION* s) {
      SSL_SESSION_free(s);
    });
    return 1;
  });
  // The library's own list for clients lacks P-521 and Ed25519.
  std::vector<uint16_t> algorithms = options.verify_algorithms;
  if (algorithms.empty()) {
    algorithms = {SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384,
                  SSL_SIGN_ED25519, SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PKCS1_SHA256};
  }
  if (!SSL_CTX_set_verify_algorithm_prefs(ctx_.get(), algorithms.data(), algorithms.size())) {
    abort();
  }
  ssl_.reset(SSL_new(ctx_.get()));
  if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session.get());
  SSL_set_connect_state(ssl_.get());
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_info_callback(ssl_.get(), [](const SSL* ssl, int type, int value) {
    if (type == SSL_CB_READ_ALERT) {
      static_cast<MemoryClient*>(SSL_get_app_data(ssl))->alert_ = static_cast<uint8_t>(value);
    }
  });
  // The library frees the list after the handshake.
  SSL_set_cert_cb(
      ssl_.get(),
      [](SSL* ssl, void* self) {
        const STACK_OF(CRYPTO_BUFFER)* names = SSL_get0_server_requested_CAs(ssl);
        if (names != nullptr) {
          static_cast<MemoryClient*>(self)->requested_ca_names_ = sk_CRYPTO_BUFFER_num(names);
        }
        return 1;
      },
      this);
  if (!options.sni.empty()) SSL_set_tlsext_host_name(ssl_.get(), options.sni.c_str());
  std::string protocols;
  for (const std::string& name : options.alpn) {
    protocols += static_cast<char>(name.size());
    protocols += name;
  }
  if (!protocols.empty()) {
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const uint8_t*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  }
  if (!options.chain_der.empty()) {
    std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
    std::vector<CRYPTO_BUFFER*> chain;
    for (const std::string& der : options.chain_der) {
      owned.emplace_back(
          CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
      chain.push_back(owned.back().get());
    }
    if (!SSL_set_chain_and_key(ssl_.get(), chain.data(), chain.size(),
                               options.false_key ? nullptr : key_->pkey(),
                               options.false_key ? &kFalseKey : nullptr)) {
      abort();
    }
  }
  incoming_ = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(incoming_, -1);
  outgoing_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
}

void MemoryClient::Advance() {
  ERR_clear_error();
  if (!done_ && SSL_do_handshake(ssl_.get()) == 1) done_ = true;
  if (!done_) return;
  char buffer[16 * 1024];
  int n;
  while ((n = SSL_read(ssl_.get(), buffer, sizeof(buffer))) > 0) {
    received_.append(buffer, static_cast<size_t>(n));
  }
  if (SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN) got_close_notify_ = true;
}

std::string MemoryClient::TakeOutgoing() {
  Advance();
  const uint8_t* bytes;
  size_t size;
  BIO_mem_contents(outgoing_, &bytes, &size);
  std::string taken(reinterpret_cast<const char*>(bytes), size);
  BIO_reset(outgoing_);
  return taken;
}

void MemoryClient::Pump(io::Wire& wire) {
  while (true) {
    std::string out = TakeOutgoing();
    if (!out.empty()) wire.Arrive(out);
    if (out.empty() && wire.sent.empty()) return;
    BIO_write(incoming_, wire.sent.data(), static_cast<int>(wire.sent.size()));
    wire.sent.clear();
    Advance();
  }
}

void MemoryClient::Write(std::string_view plaintext) {
  ERR_clear_error();
  if (SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size())) <= 0) abort();
}

void MemoryClient::SendCloseNotify() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void MemoryClient::UpdateKeys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); }

std::string MemoryClient::server_leaf_der() const {
  const STACK_OF(CRYPTO_BUFFER)* sent = SSL_get0_peer_certificates(ssl_.get());
  if (sent == nullptr || sk_CRYPTO_BUFFER_num(sent) == 0) return {};
  const CRYPTO_BUFFER* leaf = sk_CRYPTO_BUFFER_value(sent, 0);
  return {reinterpret_cast<const char*>(CRYPTO_BUFFER_data(leaf)), CRYPTO_BUFFER_len(leaf)};
}

std::string MemoryClient::alpn() const {
  const uint8_t* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

MemoryClient::Options WithCertificate(const std::vector<const x509::Credential*>& chain) {
  MemoryClient::Options options;
  for (const x509::Credential* credential : chain) {
    options.chain_der.push_back(credential->certificate->der());
  }
  options.key = chain[0]->key;
  return options;
}

}  // namespace mantlet::tls
