// The client's side of TLS: its certificate, and the session to resume. It believes
// every server: what is measured is the server, and a client's doubts cost time.

#ifndef MANTLET_TEST_BENCH_LOAD_CLIENT_TLS_H_
#define MANTLET_TEST_BENCH_LOAD_CLIENT_TLS_H_

#include <openssl/ssl.h>

#include <memory>

#include "absl/status/statusor.h"
#include "test/bench/load/options.h"

namespace mantlet::bench {

class ClientTls {
 public:
  static absl::StatusOr<std::unique_ptr<ClientTls>> Create(const Options& options);

  // A client that has not yet begun, offering the newest session if it is to resume.
  bssl::UniquePtr<SSL> NewSsl() const;
  bool has_session() const { return session_ != nullptr; }

 private:
  ClientTls() = default;

  bssl::UniquePtr<SSL_CTX> ctx_;
  std::string sni_;
  bssl::UniquePtr<SSL_SESSION> session_;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_CLIENT_TLS_H_
