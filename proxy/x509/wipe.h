// Overwrites secrets that are no longer needed: key files and passphrases. The library wipes its
// own copy of a key.

#ifndef MANTLET_PROXY_X509_WIPE_H_
#define MANTLET_PROXY_X509_WIPE_H_

#include <string>

namespace mantlet::x509 {

// Overwrites the bytes and empties the string. It cannot reach copies that a growing string has
// left behind: reserve the memory before filling it.
void Wipe(std::string* secret);

// WipeAtEnd wipes a string at the end of a scope.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string* secret) : secret_(secret) {}
  ~WipeAtEnd() { Wipe(secret_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  std::string* secret_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_WIPE_H_
