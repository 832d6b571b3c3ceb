#include "proxy/tls/session_tickets.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include <algorithm>
#include <utility>

#include "proxy/x509/byte_view.h"

namespace mantlet::tls {
namespace {

// The plaintext of a ticket: established (8 bytes), deadline (8), length of the server name (1),
// server name, the library's session. Numbers are in network order.
constexpr size_t kFixedBytes = 8 + 8 + 1;

void AppendU64(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

// Wiped erases a text at the end of a scope; a session contains its secret.
class Wiped {
 public:
  explicit Wiped(std::string& text) : text_(text) {}
  ~Wiped() { OPENSSL_cleanse(text_.data(), text_.size()); }

 private:
  std::string& text_;
};

}  // namespace

SessionTickets::SessionTickets(std::string authorization_digest, int64_t lifetime_seconds)
    : authorization_digest_(std::move(authorization_digest)),
      lifetime_seconds_(lifetime_seconds),
      keys_(lifetime_seconds * 1000) {}

SessionTerms SessionTickets::NewTerms(int64_t now, int64_t valid_until,
                                      std::string_view server_name) const {
  SessionTerms terms;
  terms.established = now;
  terms.deadline = std::min(now + lifetime_seconds_, valid_until);
  terms.server_name = server_name;
  return terms;
}

std::string SessionTickets::Seal(const SessionTerms& terms, std::string_view session,
                                 int64_t monotonic_ms) {
  const size_t size = kFixedBytes + terms.server_name.size() + session.size();
  if (terms.server_name.size() > 255 || size + TicketKeys::kOverheadBytes > kMaxTicketBytes) {
    return {};
  }
  std::string plaintext;
  Wiped wiped(plaintext);
  plaintext.reserve(size);
  AppendU64(static_cast<uint64_t>(terms.established), &plaintext);
  AppendU64(static_cast<uint64_t>(terms.deadline), &plaintext);
  plaintext.push_back(static_cast<char>(terms.server_name.size()));
  plaintext.append(terms.server_name);
  plaintext.append(session);
  return keys_.Seal(plaintext, authorization_digest_, monotonic_ms);
}

std::optional<SessionTickets::Opened> SessionTickets::Open(std::string_view ticket,
                                                           int64_t monotonic_ms) {
  std::optional<std::string> plaintext = keys_.Open(ticket, authorization_digest_, monotonic_ms);
  if (!plaintext.has_value()) return std::nullopt;
  Wiped wiped(*plaintext);
  CBS in = x509::AsCbs(*plaintext), name;
  uint64_t established = 0, deadline = 0;
  if (!CBS_get_u64(&in, &established) || !CBS_get_u64(&in, &deadline) ||
      !CBS_get_u8_length_prefixed(&in, &name)) {
    return std::nullopt;
  }
  Opened opened;
  opened.terms.established = static_cast<int64_t>(established);
  opened.terms.deadline = static_cast<int64_t>(deadline);
  opened.terms.server_name.assign(x509::View(name));
  opened.session.assign(x509::View(in));
  return opened;
}

}  // namespace mantlet::tls
