#include "proxy/tls/library_support.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "absl/strings/str_split.h"

namespace mantlet::tls {

std::vector<std::string> NamesTheLibraryLacks(const config::Tls& tls) {
  std::vector<std::string> lacking;
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return lacking;
  for (const std::string& equals : tls.cipher_suites) {
    for (const std::string& suite : std::vector<std::string>(absl::StrSplit(equals, '|'))) {
      if (!SSL_CTX_set_strict_cipher_list(context.get(), suite.c_str())) lacking.push_back(suite);
    }
  }
  for (const std::string& group : tls.groups) {
    if (!SSL_CTX_set1_curves_list(context.get(), group.c_str())) lacking.push_back(group);
  }
  ERR_clear_error();
  return lacking;
}

}  // namespace mantlet::tls
