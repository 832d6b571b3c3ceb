#include "proxy/connect/tls_client.h"

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "proxy/x509/certificate_names.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::connect {
namespace {

constexpr size_t kReadBytes = 16 * 1024;

int64_t NowMs() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

std::string_view View(const CRYPTO_BUFFER* buffer) {
  return {reinterpret_cast<const char*>(CRYPTO_BUFFER_data(buffer)), CRYPTO_BUFFER_len(buffer)};
}

// Returns a DER name in the form of RFC 2253.
std::string NameText(std::string_view der) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(der.data());
  const bssl::UniquePtr<X509_NAME> name(
      d2i_X509_NAME(nullptr, &bytes, static_cast<long>(der.size())));
  return name == nullptr ? "a malformed name"
                         : x509::RenderName(name.get(), x509::ControlBytes::kEscape);
}

// Offers every protocol in the form of RFC 7301: each after its length.
std::string WireForm(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire.push_back(static_cast<char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

TlsFacts& FactsOf(const SSL* ssl) { return *static_cast<TlsFacts*>(SSL_get_app_data(ssl)); }

// Called when the library has to send a certificate, or none.
int OnCertificateRequest(SSL* ssl, void* /*unused*/) {
  TlsFacts& facts = FactsOf(ssl);
  facts.asked_for_certificate = true;
  const STACK_OF(CRYPTO_BUFFER)* names = SSL_get0_server_requested_CAs(ssl);
  for (size_t i = 0; names != nullptr && i < sk_CRYPTO_BUFFER_num(names); ++i) {
    facts.accepted_issuers.push_back(NameText(View(sk_CRYPTO_BUFFER_value(names, i))));
  }
  return 1;
}

void OnInfo(const SSL* ssl, int type, int value) {
  constexpr int kDescription = 0xff;
  const auto alert = static_cast<uint8_t>(value & kDescription);
  if (type == SSL_CB_READ_ALERT && alert != SSL_AD_CLOSE_NOTIFY) FactsOf(ssl).alert = alert;
}

}  // namespace

struct TlsClient::Library {
  io::FileDescriptor fd;  // outlives the SSL
  bssl::UniquePtr<SSL_CTX> context;
  bssl::UniquePtr<SSL> ssl;
};

TlsClient::TlsClient() : library_(std::make_unique<Library>()) {}

TlsClient::~TlsClient() = default;

absl::StatusOr<std::unique_ptr<TlsClient>> TlsClient::Create(io::FileDescriptor fd,
                                                             const ClientFiles& files,
                                                             const TlsOptions& options) {
  ERR_clear_error();
  std::unique_ptr<TlsClient> client(new TlsClient);
  Library& library = *client->library_;
  library.fd = std::move(fd);
  library.context.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX_set_min_proto_version(library.context.get(), TLS1_2_VERSION);
  SSL_CTX_set_custom_verify(library.context.get(), SSL_VERIFY_PEER,
                            [](SSL*, uint8_t*) { return ssl_verify_ok; });
  SSL_CTX_set_cert_cb(library.context.get(), OnCertificateRequest, nullptr);
  SSL_CTX_set_info_callback(library.context.get(), OnInfo);
  library.ssl.reset(SSL_new(library.context.get()));
  SSL* ssl = library.ssl.get();
  SSL_set_app_data(ssl, &client->facts_);
  SSL_set_connect_state(ssl);
  const std::string protocols = WireForm(options.protocols);
  // Reads go through Receive(), which sees what the library would drop.
  BIO* input = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(input, -1);
  SSL_set_bio(ssl, input, BIO_new_socket(library.fd.get(), BIO_NOCLOSE));
  bool ok = SSL_set_alpn_protos(ssl, reinterpret_cast<const uint8_t*>(protocols.data()),
                                protocols.size()) == 0;
  if (!options.server_name.empty()) {
    ok = ok && SSL_set_tlsext_host_name(ssl, options.server_name.c_str()) == 1;
  }
  if (!files.chain.empty()) {
    std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
    std::vector<CRYPTO_BUFFER*> chain;
    for (const x509::CertificatePtr& certificate : files.chain) {
      const std::string& der = certificate->der();
      owned.emplace_back(
          CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
      chain.push_back(owned.back().get());
    }
    ok = ok &&
         SSL_set_chain_and_key(ssl, chain.data(), chain.size(), files.key->pkey(), nullptr) == 1;
  }
  if (!ok)
    return absl::InvalidArgumentError("the TLS library refuses the options: " + x509::TakeErrors());
  return client;
}

bool TlsClient::WaitFor(int result, int64_t deadline_ms) {
  const int error = SSL_get_error(library_->ssl.get(), result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    NoteEnd(error);
    return false;
  }
  const bool reads = error == SSL_ERROR_WANT_READ;
  pollfd ready = {library_->fd.get(), static_cast<int16_t>(reads ? POLLIN : POLLOUT), 0};
  const int64_t left_ms = deadline_ms - NowMs();
  if (left_ms <= 0 || poll(&ready, 1, static_cast<int>(left_ms)) <= 0) {
    facts_.timed_out = true;
    return false;
  }
  return !reads || Receive();
}

bool TlsClient::Receive() {
  char bytes[kReadBytes];
  const ssize_t count = recv(library_->fd.get(), bytes, sizeof(bytes), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (count <= 0) {
    facts_.closed = true;
    facts_.reset = count < 0;
    return false;
  }
  constexpr size_t kFirst = 16;
  const std::string_view received(bytes, static_cast<size_t>(count));
  if (facts_.first_bytes.empty()) facts_.first_bytes = received.substr(0, kFirst);
  return BIO_write(SSL_get_rbio(library_->ssl.get()), bytes, static_cast<int>(count)) == count;
}

void TlsClient::NoteEnd(int error) {
  facts_.closed = error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL;
  facts_.reset = error == SSL_ERROR_SYSCALL && (errno == ECONNRESET || errno == EPIPE);
  if (error == SSL_ERROR_SSL) facts_.error = x509::TakeErrors();
  ERR_clear_error();
}

void TlsClient::NoteSession() {
  const SSL* ssl = library_->ssl.get();
  facts_.established = true;
  facts_.version = SSL_get_version(ssl);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    facts_.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* group = SSL_get_curve_name(SSL_get_curve_id(ssl))) facts_.group = group;
  const uint8_t* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  facts_.protocol.assign(reinterpret_cast<const char*>(protocol), size);
}

void TlsClient::Handshake(int timeout_ms) {
  SSL* ssl = library_->ssl.get();
  const int64_t deadline_ms = NowMs() + timeout_ms;
  ERR_clear_error();
  int result = SSL_do_handshake(ssl);
  while (result != 1 && WaitFor(result, deadline_ms)) {
    ERR_clear_error();
    result = SSL_do_handshake(ssl);
  }
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl);
  for (size_t i = 0; chain != nullptr && i < sk_CRYPTO_BUFFER_num(chain); ++i) {
    facts_.certificates.emplace_back(View(sk_CRYPTO_BUFFER_value(chain, i)));
  }
  facts_.sent_certificate = facts_.asked_for_certificate && SSL_get_privatekey(ssl) != nullptr;
  if (result == 1) NoteSession();
}

void TlsClient::Write(std::string_view bytes, int timeout_ms) {
  const int64_t deadline_ms = NowMs() + timeout_ms;
  while (!bytes.empty()) {
    ERR_clear_error();
    const int count = SSL_write(library_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (!WaitFor(count, deadline_ms)) {
      return;
    }
  }
}

std::string TlsClient::Read(int timeout_ms) {
  const int64_t deadline_ms = NowMs() + timeout_ms;
  std::string bytes(kReadBytes, '\0');
  while (true) {
    ERR_clear_error();
    const int count = SSL_read(library_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (count > 0) {
      bytes.resize(static_cast<size_t>(count));
      return bytes;
    }
    if (!WaitFor(count, deadline_ms)) return "";
  }
}

}  // namespace mantlet::connect
