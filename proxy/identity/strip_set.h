// StripSet holds the header names that no peer may send: the identity family of a listener, and
// the names by which applications learn from a proxy where a request came from (strip_set.cc lists
// them). Names are compared after folding (proxy/pattern/header_name.h). It is built once per
// listener and configuration, is immutable afterwards, and may be read from any thread.

#ifndef MANTLET_PROXY_IDENTITY_STRIP_SET_H_
#define MANTLET_PROXY_IDENTITY_STRIP_SET_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/pattern/header_name.h"

namespace mantlet::identity {

class StripSet {
 public:
  // Contains, whatever the configuration says: x-forwarded-client-cert,
  // Client-Cert, Client-Cert-Chain, X-Forwarded-For, -Host and -Proto (a proxy
  // that writes those must not let an alias of them pass), and Content-Length,
  // Transfer-Encoding, whose aliases could frame a message anew behind a gateway
  // that folds names. Then the names under `set` and `remove`, and unless
  // `forwarding_headers` says otherwise the names of other proxies.
  explicit StripSet(const config::IdentityHeaders& headers);
  StripSet() : StripSet(config::IdentityHeaders()) {}

  // True if a field of this name must not travel on as it came. Most names are
  // rejected by their length and first letter alone.
  bool Contains(std::string_view name) const {
    const size_t length = name.size() < kLengths ? name.size() : 0;
    const uint64_t bit = uint64_t{1} << (Fold(name.empty() ? '\0' : name[0]) & 63);
    return ((first_by_length_[length] & bit) != 0 && Search(name)) ||
           ((first_of_prefixes_ & bit) != 0 && SearchPrefixes(name));
  }

  static char Fold(char c) { return pattern::FoldHeaderByte(c); }

 private:
  // Names of this length and longer share slot 0 with the impossible empty one.
  static constexpr size_t kLengths = 48;

  void Add(std::string_view name);
  void AddPrefix(std::string_view prefix);
  bool Search(std::string_view name) const;
  bool SearchPrefixes(std::string_view name) const;

  std::array<uint64_t, kLengths> first_by_length_{};
  uint64_t first_of_prefixes_ = 0;
  std::array<std::vector<std::string>, kLengths> names_by_length_;  // folded
  // In names of any length; folded, literals.
  std::vector<std::string_view> prefixes_;
};

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_STRIP_SET_H_
