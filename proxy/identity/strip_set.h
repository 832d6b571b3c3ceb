// The names that no peer may send: the whole identity family of a listener.
// Names match after folding what an application might fold together: letter
// case, and all that is no letter or digit (`-` `_` `.` …) as one. Built once per listener and
// configuration, immutable afterwards, so it may be read from any thread.

#ifndef MANTLET_PROXY_IDENTITY_STRIP_SET_H_
#define MANTLET_PROXY_IDENTITY_STRIP_SET_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace mantlet::identity {

class StripSet {
 public:
  // Contains, whatever the configuration says: x-forwarded-client-cert,
  // Client-Cert, Client-Cert-Chain, X-Forwarded-For, -Host and -Proto (a proxy
  // that writes those must not let an alias of them pass), and Content-Length,
  // Transfer-Encoding, whose aliases could frame a message anew behind a gateway
  // that folds names.
  explicit StripSet(const config::IdentityHeaders& headers);
  StripSet() : StripSet(config::IdentityHeaders()) {}

  // True if a field of this name must not travel on as it came. Most names are
  // rejected by their length and first letter alone.
  bool Contains(std::string_view name) const {
    const size_t length = name.size() < kLengths ? name.size() : 0;
    const uint64_t bit = uint64_t{1} << (Fold(name.empty() ? '\0' : name[0]) & 63);
    return (first_by_length_[length] & bit) != 0 && Search(name);
  }

  static char Fold(char c);

 private:
  // Names of this length and longer share slot 0 with the impossible empty one.
  static constexpr size_t kLengths = 48;

  void Add(std::string_view name);
  bool Search(std::string_view name) const;

  std::array<uint64_t, kLengths> first_by_length_{};
  std::vector<std::string> names_;  // folded
};

inline char StripSet::Fold(char c) {
  // CGI gateways make `_` of all that is no letter or digit, not only of `-` and `.`.
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_STRIP_SET_H_
