#include "proxy/tls/client_hello.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <string>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

constexpr uint16_t kTls12 = 0x0303, kTls13 = 0x0304;

// A client of the library that sends its ClientHello to a server, which reads it and stops.
class ClientHelloTest : public testing::Test {
 protected:
  struct Seen {
    ClientHello hello;
    bool versions_named = false;
    std::string suites;
  };

  Seen Read() {
    bssl::UniquePtr<SSL> client(SSL_new(client_ctx_.get()));
    if (!name_.empty()) SSL_set_tlsext_host_name(client.get(), name_.c_str());
    SSL_set_connect_state(client.get());
    BIO* wire = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), wire);
    SSL_do_handshake(client.get());

    bssl::UniquePtr<SSL_CTX> ctx(SSL_CTX_new(TLS_method()));
    SSL_CTX_set_select_certificate_cb(ctx.get(), [](const SSL_CLIENT_HELLO* hello) {
      auto* seen = static_cast<Seen*>(SSL_get_app_data(hello->ssl));
      seen->hello = ReadClientHello(hello);
      seen->versions_named = seen->hello.offer.supported_versions.has_value();
      seen->suites = seen->hello.offer.cipher_suites;
      return ssl_select_cert_error;
    });
    bssl::UniquePtr<SSL> server(SSL_new(ctx.get()));
    Seen seen;
    SSL_set_app_data(server.get(), &seen);
    SSL_set_accept_state(server.get());
    BIO_up_ref(wire);
    SSL_set_bio(server.get(), wire, BIO_new(BIO_s_mem()));
    SSL_do_handshake(server.get());
    return seen;
  }

  bssl::UniquePtr<SSL_CTX> client_ctx_{SSL_CTX_new(TLS_method())};
  std::string name_;
};

TEST_F(ClientHelloTest, TheServerNameIsLowerCaseAndHasNoDotAtItsEnd) {
  name_ = "App.Example.COM.";
  EXPECT_EQ(Read().hello.server_name, "app.example.com");
  name_ = "b.example";
  EXPECT_EQ(Read().hello.server_name, "b.example");
}

TEST_F(ClientHelloTest, AClientNeedNotNameAServer) { EXPECT_EQ(Read().hello.server_name, ""); }

TEST_F(ClientHelloTest, GreaseIsNoVersion) {
  SSL_CTX_set_grease_enabled(client_ctx_.get(), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read().hello.newest_version, kTls13);
}

TEST_F(ClientHelloTest, WithoutTheExtensionTheVersionIsTheOldField) {
  SSL_CTX_set_max_proto_version(client_ctx_.get(), TLS1_2_VERSION);
  const Seen seen = Read();
  EXPECT_FALSE(seen.versions_named);
  EXPECT_EQ(seen.hello.newest_version, kTls12);
}

TEST_F(ClientHelloTest, ShowsWhatTheClientOffers) {
  SSL_CTX_set_min_proto_version(client_ctx_.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(client_ctx_.get(), TLS1_2_VERSION);
  SSL_CTX_set_strict_cipher_list(client_ctx_.get(), "ECDHE-RSA-AES128-GCM-SHA256");
  const Seen seen = Read();
  EXPECT_EQ(seen.suites, "\xc0\x2f");
  EXPECT_TRUE(seen.hello.offer.signature_algorithms.has_value());
  EXPECT_TRUE(seen.hello.offer.supported_groups.has_value());
}

TEST(VersionText, WritesVersionsAsTheLibraryDoes) {
  EXPECT_EQ(VersionText(0x0300), "SSLv3");
  EXPECT_EQ(VersionText(0x0301), "TLSv1");
  EXPECT_EQ(VersionText(0x0302), "TLSv1.1");
  EXPECT_EQ(VersionText(kTls12), "TLSv1.2");
  EXPECT_EQ(VersionText(kTls13), "TLSv1.3");
  EXPECT_EQ(VersionText(0x7f1c), "");
}

}  // namespace
}  // namespace mantlet::tls
