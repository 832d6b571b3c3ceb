// MemoryClient is a TLS client in memory: BoringSSL's client over memory BIOs, against a server
// that is driven through an io::Wire. It does not verify the server's certificate, but can be set
// to reject it.

#ifndef MANTLET_TEST_PROXY_TLS_MEMORY_CLIENT_H_
#define MANTLET_TEST_PROXY_TLS_MEMORY_CLIENT_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/proxy/io/memory_stream.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::tls {

class MemoryClient {
 public:
  struct Options {
    std::vector<std::string> chain_der;  // leaf first; empty: no client certificate
    x509::PrivateKeyPtr key;
    bool false_key = false;  // signs with `key` though the leaf has another
    std::string sni;
    uint16_t min_version = TLS1_2_VERSION, max_version = TLS1_3_VERSION;
    std::string ciphers;  // TLS 1.2; empty: the library's
    std::string groups;   // "P-256:X25519", best first; empty: the library's
    // signature_algorithms; empty: all that the server can use.
    std::vector<uint16_t> verify_algorithms;
    std::vector<std::string> alpn;         // empty: does not offer any
    std::shared_ptr<SSL_SESSION> session;  // to come back with
    bool refuse_server = false;            // answers the server's certificate with an alert
  };

  explicit MemoryClient(const Options& options);
  // `wire` is the server's transport. Moves bytes in both directions until there are none.
  void Pump(io::Wire& wire);
  // Returns the client's ciphertext since the last call, for tests that change it.
  std::string TakeOutgoing();

  void Write(std::string_view plaintext);
  void SendCloseNotify();
  void UpdateKeys();

  bool handshake_done() const { return done_; }
  const std::string& received() const { return received_; }
  bool got_close_notify() const { return got_close_notify_; }
  uint8_t alert() const { return alert_; }  // the last one that the server sent; 0: none
  std::string server_leaf_der() const;
  std::string alpn() const;
  // Returns the newest session from the server, or null.
  std::shared_ptr<SSL_SESSION> session() const { return session_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  size_t requested_ca_names() const { return requested_ca_names_; }

 private:
  void Advance();
  static const SSL_PRIVATE_KEY_METHOD kFalseKey;

  bssl::UniquePtr<SSL_CTX> ctx_;
  bssl::UniquePtr<SSL> ssl_;
  x509::PrivateKeyPtr key_;
  std::shared_ptr<SSL_SESSION> session_;
  BIO* incoming_;  // owned by ssl_
  BIO* outgoing_;
  bool done_ = false, got_close_notify_ = false;
  uint8_t alert_ = 0;
  size_t requested_ca_names_ = 0;
  std::string received_;
};

// Leaf first. The key is that of the first credential.
MemoryClient::Options WithCertificate(const std::vector<const x509::Credential*>& chain);

}  // namespace mantlet::tls

#endif  // MANTLET_TEST_PROXY_TLS_MEMORY_CLIENT_H_
