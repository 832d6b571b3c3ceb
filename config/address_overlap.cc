#include "config/address_overlap.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace mantlet::config {
namespace {

// A literal address; IPv4 as mapped into IPv6.
struct Literal {
  in6_addr bytes;
  std::string zone;
  bool is_v4() const { return IN6_IS_ADDR_V4MAPPED(&bytes); }
  bool is_wildcard() const {
    const unsigned char zero[4] = {};
    return is_v4() ? std::memcmp(&bytes.s6_addr[12], zero, 4) == 0
                   : IN6_IS_ADDR_UNSPECIFIED(&bytes);
  }
  bool operator==(const Literal& other) const {
    return zone == other.zone && std::memcmp(&bytes, &other.bytes, sizeof(bytes)) == 0;
  }
};

std::optional<Literal> ParseLiteral(const std::string& host) {
  Literal literal{};
  const size_t percent = host.find('%');
  if (percent != std::string::npos) literal.zone = host.substr(percent);
  const std::string address = host.substr(0, percent);
  const bool v6 = address.find(':') != std::string::npos;
  const std::string text = v6 ? address : absl::StrCat("::ffff:", address);
  if (inet_pton(AF_INET6, text.c_str(), &literal.bytes) != 1) return std::nullopt;
  return literal;
}

Overlap CompareTcp(const Address& a, const Address& b) {
  if (a.port != b.port || a.port == 0) return Overlap::kNone;
  const std::optional<Literal> x = ParseLiteral(a.host);
  const std::optional<Literal> y = ParseLiteral(b.host);
  if (!x || !y) {
    const bool same = absl::AsciiStrToLower(a.host) == absl::AsciiStrToLower(b.host);
    return same ? Overlap::kSame : Overlap::kNone;
  }
  if (*x == *y) return Overlap::kSame;
  if (x->is_v4() != y->is_v4()) return Overlap::kNone;
  return x->is_wildcard() || y->is_wildcard() ? Overlap::kCovered : Overlap::kNone;
}

std::string Normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

}  // namespace

std::vector<BoundAddress> BoundAddresses(const Config& config) {
  std::vector<BoundAddress> bound;
  const auto add = [&](const Address& address, std::string path) {
    const bool unset = address.host.empty() && address.path.empty();
    const bool any_port = address.kind == Address::Kind::kTcp && address.port == 0;
    if (!unset && !any_port) bound.push_back({address, std::move(path)});
  };
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    add(config.listeners[i].address, absl::StrCat("listeners[", i, "].address"));
  }
  if (config.metrics.enabled) add(config.metrics.address, "metrics.address");
  if (config.admin.enabled) add(config.admin.address, "admin.address");
  add(UpgradeAddress(config), "upgrade.socket");
  return bound;
}

Address UpgradeAddress(const Config& config) {
  Address address;
  address.kind = Address::Kind::kUnix;
  address.path = config.upgrade.socket;
  return address;
}

bool IsLiteral(const Address& address) { return ParseLiteral(address.host).has_value(); }

Overlap Compare(const Address& a, const Address& b) {
  if (a.kind != b.kind) return Overlap::kNone;
  if (a.kind == Address::Kind::kTcp) return CompareTcp(a, b);
  const bool same =
      a.kind == Address::Kind::kUnix ? Normal(a.path) == Normal(b.path) : a.path == b.path;
  return same ? Overlap::kSame : Overlap::kNone;
}

bool IsV6Only(const Config& config, const Address& address) {
  if (address.kind != Address::Kind::kTcp || address.port == 0) return false;
  const std::optional<Literal> wildcard = ParseLiteral(address.host);
  if (!wildcard || wildcard->is_v4() || !wildcard->is_wildcard()) return false;
  for (const BoundAddress& other : BoundAddresses(config)) {
    if (other.address.kind != Address::Kind::kTcp || other.address.port != address.port) continue;
    const std::optional<Literal> literal = ParseLiteral(other.address.host);
    if (literal && literal->is_v4()) return true;
  }
  return false;
}

}  // namespace mantlet::config
