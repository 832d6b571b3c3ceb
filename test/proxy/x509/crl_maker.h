// Makes revocation lists for tests, including invalid ones.

#ifndef MANTLET_TEST_PROXY_X509_CRL_MAKER_H_
#define MANTLET_TEST_PROXY_X509_CRL_MAKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/issuer.h"
#include "proxy/x509/revocation_list.h"

namespace mantlet::x509 {

struct CrlTemplate {
  struct Entry {
    std::string serial;      // content octets of the INTEGER
    std::string extensions;  // Extension elements, one after the other
  };
  int version = 2;
  int64_t this_update = 0;
  int64_t next_update = 0;  // 0: none
  std::vector<Entry> entries;
  std::optional<uint8_t> number = 1;
  std::string extensions;  // more Extension elements
  std::string algorithm;   // inside and outside; empty: what suits the key
  std::string inner_algorithm;
  std::string issuer_der;  // empty: the signer's subject

  // Returns a list that is valid from a day before kNow for seven days.
  static CrlTemplate Revoking(const std::vector<const Credential*>& credentials);
};

std::string Extension(std::string_view oid_content, bool critical, std::string_view value);
// Returns the content octets of the certificate's serial number.
std::string SerialOf(const Certificate& certificate);
// Returns [0x17|0x18]: UTCTime up to 2049, GeneralizedTime after.
std::string Time(int64_t seconds);

// Makes a list signed with SHA-256, or with an Ed25519 key.
std::string MakeCrl(const CrlTemplate& what, const Credential& signer);
// Returns the signature of `bytes` (SHA-256 or Ed25519) and its AlgorithmIdentifier.
std::string Sign(std::string_view bytes, const PrivateKey& key);
std::string AlgorithmOf(const PrivateKey& key);

// Makes and parses a list; ends the test if it cannot be parsed.
RevocationListPtr List(const CrlTemplate& what, const Credential& signer);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_CRL_MAKER_H_
