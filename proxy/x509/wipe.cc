#include "proxy/x509/wipe.h"

#include <openssl/mem.h>

namespace mantlet::x509 {

void Wipe(std::string* secret) {
  // Wipe the whole capacity: a string that was shortened still has the rest after its end.
  secret->resize(secret->capacity());
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

}  // namespace mantlet::x509
