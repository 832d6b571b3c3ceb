// Everything the handshakes of one listener have in common, for one generation
// of its certificates: immutable, shared by all workers. A connection keeps the
// context it began with; new ones take the newest.

#ifndef MANTLET_PROXY_TLS_SERVER_CONTEXT_H_
#define MANTLET_PROXY_TLS_SERVER_CONTEXT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/tls/certificate_selector.h"
#include "proxy/tls/chain_verifier.h"
#include "proxy/tls/private_key.h"

struct ssl_ctx_st;        // SSL_CTX
struct crypto_buffer_st;  // CRYPTO_BUFFER
struct crypto_buffer_pool_st;

namespace mantlet::tls {

struct ServerCredential {
  std::vector<std::string> chain_der;  // leaf first
  PrivateKeyPtr key;
  std::vector<std::string> names;    // lower case
  std::vector<std::string> san_uri;  // XFCC's "By"
};

class ServerContext {
 public:
  struct Options {
    config::Tls tls;
    config::ClientAuthMode client_auth = config::ClientAuthMode::kRequire;
    std::vector<ServerCredential> credentials;      // at least one; the first is the default
    std::shared_ptr<const ChainVerifier> verifier;  // null if client_auth is none
    const base::Clock* clock = nullptr;             // outlives every context
  };

  // Refuses cipher suites and groups that the library does not have.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(Options options);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;

  ssl_ctx_st* ssl_ctx() const { return ctx_; }
  const Options& options() const { return options_; }
  const ChainVerifier* verifier() const { return options_.verifier.get(); }

  // The certificate for a server name (lower case, may be empty). With
  // strict_sni: SIZE_MAX if no certificate has that name.
  size_t Select(std::string_view server_name) const;
  const ServerCredential& credential(size_t index) const { return options_.credentials[index]; }
  // Makes `ssl` (an SSL*) answer with that certificate.
  bool Install(size_t index, void* ssl) const;

 private:
  explicit ServerContext(Options options);
  absl::Status Init();
  absl::Status SetParameters();

  Options options_;
  CertificateSelector selector_;
  crypto_buffer_pool_st* pool_;  // equal certificates of many clients are kept once
  ssl_ctx_st* ctx_ = nullptr;
  std::vector<std::vector<crypto_buffer_st*>> chains_;  // as options_.credentials
};

using ServerContextPtr = std::shared_ptr<const ServerContext>;

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SERVER_CONTEXT_H_
