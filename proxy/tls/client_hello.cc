#include "proxy/tls/client_hello.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {
namespace {

std::optional<std::string_view> Extension(const SSL_CLIENT_HELLO* hello, uint16_t type) {
  const uint8_t* body = nullptr;
  size_t size = 0;
  if (!SSL_early_callback_ctx_extension_get(hello, type, &body, &size)) return std::nullopt;
  return x509::View(body, size);
}

std::string ServerName(const SSL_CLIENT_HELLO* hello) {
  const char* name = SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return "";
  std::string lower = absl::AsciiStrToLower(name);
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

// Returns the newest version that the client supports. Without supported_versions it is the
// legacy_version (RFC 8446 section 4.2.1).
uint16_t NewestVersion(const SSL_CLIENT_HELLO* hello,
                       std::optional<std::string_view> supported_versions) {
  if (!supported_versions.has_value()) return hello->version;
  const uint8_t* list = x509::Data(*supported_versions);
  uint16_t newest = 0;
  for (size_t i = 1; i + 1 < supported_versions->size(); i += 2) {
    const uint16_t version = static_cast<uint16_t>(list[i] << 8 | list[i + 1]);
    if ((version & 0x0f0f) != 0x0a0a) newest = std::max(newest, version);
  }
  return newest;
}

}  // namespace

ClientHello ReadClientHello(const SSL_CLIENT_HELLO* hello) {
  ClientHello read;
  read.server_name = ServerName(hello);
  read.offer.cipher_suites = x509::View(hello->cipher_suites, hello->cipher_suites_len);
  read.offer.signature_algorithms = Extension(hello, TLSEXT_TYPE_signature_algorithms);
  read.offer.supported_groups = Extension(hello, TLSEXT_TYPE_supported_groups);
  read.offer.supported_versions = Extension(hello, TLSEXT_TYPE_supported_versions);
  read.newest_version = NewestVersion(hello, read.offer.supported_versions);
  return read;
}

std::string VersionText(uint16_t version) {
  switch (version) {
    case SSL3_VERSION:
      return "SSLv3";
    case TLS1_VERSION:
      return "TLSv1";
    case TLS1_1_VERSION:
      return "TLSv1.1";
    case TLS1_2_VERSION:
      return "TLSv1.2";
    case TLS1_3_VERSION:
      return "TLSv1.3";
    default:
      return "";
  }
}

}  // namespace mantlet::tls
