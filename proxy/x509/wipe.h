// Overwrites secrets that are no longer needed: key files and passphrases as they were read. The
// library wipes its own copy of a key.

#ifndef MANTLET_PROXY_X509_WIPE_H_
#define MANTLET_PROXY_X509_WIPE_H_

#include <string>

namespace mantlet::x509 {

// Overwrites the bytes and makes the string empty. Copies that a growing string
// left behind are out of reach: reserve before filling.
void Wipe(std::string* secret);

// Wipes a string when it goes out of scope.
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
