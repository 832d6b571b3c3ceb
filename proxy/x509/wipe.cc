#include "proxy/x509/wipe.h"

#include <openssl/mem.h>

namespace mantlet::x509 {

void Wipe(std::string* secret) {
  // All that is allocated: a string that was shortened has the rest behind its end.
  secret->resize(secret->capacity());
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

}  // namespace mantlet::x509
