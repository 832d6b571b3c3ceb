#include "proxy/x509/name_forms.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace mantlet::x509 {
namespace {

constexpr size_t kMaxHostName = 253, kMaxLabel = 63;

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (absl::ascii_tolower(static_cast<unsigned char>(a[i])) !=
        absl::ascii_tolower(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         EqualsIgnoringCase(text.substr(text.size() - end.size()), end);
}

// Returns whether `host` is below `domain` (written without its dot), by at least one label.
bool IsBelow(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() + 1 && host[host.size() - domain.size() - 1] == '.' &&
         EndsWithIgnoringCase(host, domain);
}

// A client would treat a host name of digits and dots as an address.
bool LooksLikeAddress(std::string_view host) {
  const size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  for (char c : last) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !last.empty();
}

// For the forms in which only a constraint with a leading dot covers subdomains.
Within HostWithin(std::string_view host, std::string_view constraint) {
  if (constraint.empty()) return Within::kInside;
  const bool inside = constraint[0] == '.' ? IsBelow(host, constraint.substr(1))
                                           : EqualsIgnoringCase(host, constraint);
  return inside ? Within::kInside : Within::kOutside;
}

struct Mailbox {
  std::string_view local, host;
};

// Returns nullopt for quoted local parts and address literals: two spellings of them can mean the
// same mailbox.
std::optional<Mailbox> ParseMailbox(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const Mailbox mailbox{text.substr(0, at), text.substr(at + 1)};
  for (char c : mailbox.local) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '"' || c == '\\' || c == '(' ||
        c == ')' || c == '<' || c == '>' || c == '[' || c == ']' || c == ':' || c == ';' ||
        c == ',') {
      return std::nullopt;
    }
  }
  if (!IsHostName(mailbox.host)) return std::nullopt;
  return mailbox;
}

// Checks a userinfo (RFC 3986, 3.2.1).
bool IsUserInfo(std::string_view text) {
  for (char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("-._~!$&'()*+,;=:%").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > kMaxHostName) return false;
  size_t label = 0;
  for (char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') {
      return false;
    } else if (++label > kMaxLabel) {
      return false;
    }
  }
  return label > 0;
}

bool IsHostConstraint(std::string_view constraint) {
  if (constraint.empty()) return true;
  return IsHostName(constraint[0] == '.' ? constraint.substr(1) : constraint);
}

Within DnsNameWithin(std::string_view name, std::string_view constraint) {
  const bool wildcard = name.substr(0, 2) == "*.";
  const std::string_view fixed = wildcard ? name.substr(2) : name;
  if (!IsHostName(fixed)) return Within::kUnclear;
  if (constraint.empty()) return Within::kInside;
  const bool only_below = constraint[0] == '.';
  const std::string_view domain = only_below ? constraint.substr(1) : constraint;
  if (IsBelow(name, domain)) return Within::kInside;
  if (only_below) return Within::kOutside;
  if (EqualsIgnoringCase(name, domain)) return Within::kInside;
  // "*.example.com" may, but need not, stand for foo.example.com.
  const size_t dot = domain.find('.');
  if (wildcard && dot != std::string_view::npos &&
      EqualsIgnoringCase(fixed, domain.substr(dot + 1))) {
    return Within::kUnclear;
  }
  return Within::kOutside;
}

bool IsMailConstraint(std::string_view constraint) {
  if (constraint.find('@') != std::string_view::npos) return ParseMailbox(constraint).has_value();
  return IsHostConstraint(constraint);
}

Within MailboxWithin(std::string_view mailbox, std::string_view constraint) {
  const std::optional<Mailbox> parsed = ParseMailbox(mailbox);
  if (!parsed.has_value()) return Within::kUnclear;
  const std::optional<Mailbox> one = ParseMailbox(constraint);
  if (!one.has_value()) return HostWithin(parsed->host, constraint);
  return parsed->local == one->local && EqualsIgnoringCase(parsed->host, one->host)
             ? Within::kInside
             : Within::kOutside;
}

std::optional<std::string_view> UriHost(std::string_view uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos || uri.substr(colon + 1, 2) != "//") return std::nullopt;
  std::string_view host = uri.substr(colon + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const size_t at = host.find('@');
  if (at != std::string_view::npos) {
    // Readers disagree about the host of "https://evil.example\\@example.com".
    if (!IsUserInfo(host.substr(0, at))) return std::nullopt;
    host.remove_prefix(at + 1);
  }
  const size_t port = host.find(':');
  if (port != std::string_view::npos) {
    for (char c : host.substr(port + 1)) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    }
    host = host.substr(0, port);
  }
  if (!IsHostName(host) || LooksLikeAddress(host)) return std::nullopt;
  return host;
}

Within UriWithin(std::string_view uri, std::string_view constraint) {
  const std::optional<std::string_view> host = UriHost(uri);
  return host.has_value() ? HostWithin(*host, constraint) : Within::kUnclear;
}

bool IsAddressConstraint(std::string_view constraint) {
  if (constraint.size() != 8 && constraint.size() != 32) return false;
  bool ended = false;
  for (char c : constraint.substr(constraint.size() / 2)) {
    const auto byte = static_cast<uint8_t>(c);
    for (int bit = 7; bit >= 0; --bit) {
      const bool one = ((byte >> bit) & 1) != 0;
      if (one && ended) return false;
      ended |= !one;
    }
  }
  return true;
}

Within AddressWithin(std::string_view address, std::string_view constraint) {
  const size_t length = address.size();
  if (length != 4 && length != 16) return Within::kUnclear;
  if (constraint.size() != 2 * length) return Within::kOutside;
  for (size_t i = 0; i < length; ++i) {
    const auto mask = static_cast<uint8_t>(constraint[length + i]);
    if (((static_cast<uint8_t>(address[i]) ^ static_cast<uint8_t>(constraint[i])) & mask) != 0) {
      return Within::kOutside;
    }
  }
  return Within::kInside;
}

}  // namespace mantlet::x509
