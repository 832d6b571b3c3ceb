// StripSet holds the header names that are removed from requests: the identity headers of a
// listener, and the names that applications read as set by a proxy in front of them (strip_set.cc
// lists them). Names are compared after folding (proxy/pattern/header_name.h). A set is built once
// per listener and configuration, is immutable afterwards, and may be read from any thread.

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
  // Always contains x-forwarded-client-cert, Client-Cert, Client-Cert-Chain, X-Forwarded-For, -Host
  // and -Proto (a proxy that writes those must not let an alias of them pass), and Content-Length
  // and Transfer-Encoding, because behind a gateway that folds names an alias of them could change
  // the framing of a message. Also contains the names under `set` and `remove`, and, unless
  // `forwarding_headers` disables them, the names of other proxies.
  explicit StripSet(const config::IdentityHeaders& headers);
  StripSet() : StripSet(config::IdentityHeaders()) {}

  // Returns true if a field of this name must not be forwarded. The length and the first letter are
  // enough to return false for most names.
  bool Contains(std::string_view name) const {
    const size_t length = name.size() < kLengths ? name.size() : 0;
    const uint64_t bit = uint64_t{1} << (Fold(name.empty() ? '\0' : name[0]) & 63);
    return ((first_by_length_[length] & bit) != 0 && Search(name)) ||
           ((first_of_prefixes_ & bit) != 0 && SearchPrefixes(name));
  }

  static char Fold(char c) { return pattern::FoldHeaderByte(c); }

 private:
  // Names of this length or longer use slot 0, because no name is empty.
  static constexpr size_t kLengths = 48;

  void Add(std::string_view name);
  void AddPrefix(std::string_view prefix);
  bool Search(std::string_view name) const;
  bool SearchPrefixes(std::string_view name) const;

  std::array<uint64_t, kLengths> first_by_length_{};
  uint64_t first_of_prefixes_ = 0;
  std::array<std::vector<std::string>, kLengths> names_by_length_;  // folded
  // Folded literals; they match names of any length.
  std::vector<std::string_view> prefixes_;
};

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_STRIP_SET_H_
