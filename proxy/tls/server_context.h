// ServerContext holds the data that all handshakes of one listener share, for one generation of its
// certificates. Immutable; shared by all workers. A connection keeps the context it started with;
// new connections use the newest.

#ifndef MANTLET_PROXY_TLS_SERVER_CONTEXT_H_
#define MANTLET_PROXY_TLS_SERVER_CONTEXT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/tls/certificate_selector.h"
#include "proxy/tls/client_offer.h"
#include "proxy/tls/session_tickets.h"
#include "proxy/verify/client_verifier.h"
#include "proxy/x509/private_key.h"

struct ssl_ctx_st;        // SSL_CTX
struct crypto_buffer_st;  // CRYPTO_BUFFER
struct crypto_buffer_pool_st;

namespace mantlet::tls {

struct ServerCredential {
  std::vector<std::string> chain_der;  // leaf first
  x509::PrivateKeyPtr key;
  std::vector<std::string> names;    // lower case
  std::vector<std::string> san_uri;  // XFCC's "By"
  std::vector<std::string> san_ip;
  // An OCSP response (RFC 6960) about the leaf, as DER, stapled for clients that ask for it; empty:
  // none. The times of its validity follow, in seconds since the epoch.
  std::string ocsp_response = {};
  int64_t ocsp_from = 0;
  int64_t ocsp_until = 0;
};

class ServerContext {
 public:
  struct Options {
    std::string listener;  // its name
    config::Tls tls;
    config::ClientAuthMode client_auth = config::ClientAuthMode::kRequire;
    std::vector<ServerCredential> credentials;  // at least one; the first is the default
    verify::ClientVerifierPtr verifier;         // null if client_auth is none
    // The supported protocols, as ALPN names (RFC 7301), in order of preference. The first one that
    // the client offers, too, is chosen.
    std::vector<std::string> protocols = {"http/1.1", "http/1.0"};
    // A digest of all other settings that decide about clients. A session is resumed only while it
    // is unchanged.
    std::string policy_id;
    const base::Clock* clock = nullptr;  // must outlive every context
  };

  // Fails for cipher suites and groups that the library does not support.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(Options options);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;

  ssl_ctx_st* ssl_ctx() const { return ctx_; }
  const Options& options() const { return options_; }
  const verify::ClientVerifier* verifier() const { return options_.verifier.get(); }
  // Returns null if sessions are not resumed.
  SessionTickets* tickets() const { return tickets_.get(); }
  // Returns whether a context made from `options` would behave like this one. If so, this context
  // and its tickets can stay in use.
  bool IsEquivalent(const Options& options) const;

  // Returns the certificate for a server name (lower case, may be empty) and a client that can
  // verify these keys. With strict_sni, returns SIZE_MAX if no certificate has that name.
  size_t Select(std::string_view server_name, x509::LeafKeySet verifiable) const;
  // Returns whether a connection with this certificate may carry requests for this host (RFC 9110
  // section 7.4): had the client sent this host as the server name, it would have received the same
  // certificate, or an equivalent one for the same name.
  bool IsAuthoritativeFor(size_t index, std::string_view host, x509::LeafKeySet verifiable) const;
  x509::LeafKeySet Verifiable(const ClientOffer& offer) const {
    return VerifiableKeys(offer, capabilities_);
  }
  // Describes the CertificateRequest, for the record of a client that sent no certificate.
  std::string DescribeCertificateRequest() const;
  const ServerCredential& credential(size_t index) const { return options_.credentials[index]; }
  // Sets the certificate with this index in `ssl` (an SSL*).
  bool Install(size_t index, void* ssl) const;
  // Staples that certificate's OCSP response in `ssl` (an SSL*), if there is one that is valid now.
  bool Staple(size_t index, void* ssl) const;

 private:
  explicit ServerContext(Options options);
  absl::Status Init();
  absl::Status SetParameters();
  void SetResumption();
  void ReadCapabilities();

  Options options_;
  CertificateSelector selector_;
  ServerCapabilities capabilities_;
  bool names_cas_ = false;       // a CertificateRequest lists the trust anchors' names
  crypto_buffer_pool_st* pool_;  // stores equal certificates of many clients once
  ssl_ctx_st* ctx_ = nullptr;
  std::unique_ptr<SessionTickets> tickets_;
  std::vector<std::vector<crypto_buffer_st*>> chains_;  // in the order of options_.credentials
};

using ServerContextPtr = std::shared_ptr<const ServerContext>;

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SERVER_CONTEXT_H_
