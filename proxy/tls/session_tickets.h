// SessionTickets seals and opens the session tickets of one listener, for one set of the settings
// that decide about clients. It is stateless (RFC 5077, RFC 8446 section 4.6.1): a ticket contains
// the whole session, encrypted with keys of this process. A change of any of these settings creates
// a new ServerContext with new SessionTickets, which open no older ticket.
//
// A ticket contains its terms in addition to the library's session. They limit its validity and are
// never extended, even if the session is renewed.
//
// Threading: any worker.

#ifndef MANTLET_PROXY_TLS_SESSION_TICKETS_H_
#define MANTLET_PROXY_TLS_SESSION_TICKETS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/tls/ticket_keys.h"

namespace mantlet::tls {

struct SessionTerms {
  // The time of the full handshake, in seconds since the epoch.
  int64_t established = 0;
  // The time from which the session has expired. Set by the full handshake.
  int64_t deadline = 0;
  // The server name of the full handshake, in lower case. A resumption must have the same name (RFC
  // 6066 section 3).
  std::string server_name;

  bool Covers(int64_t now) const { return established <= now && now < deadline; }
};

class SessionTickets {
 public:
  // The maximum size. A larger ticket is not issued, because the client would have to send it in
  // its ClientHello.
  static constexpr size_t kMaxTicketBytes = 12 * 1024;
  // The maximum number of bytes that Seal() adds to a session.
  static constexpr size_t kMaxOverheadBytes = TicketKeys::kOverheadBytes + 8 + 8 + 1 + 255;

  struct Opened {
    SessionTerms terms;
    std::string session;  // serialized by the library
  };

  // `authorization_digest` is a digest of all settings that decide about clients; a ticket can be
  // opened only if it is the same. `lifetime_seconds` is the lifetime of a session, including
  // renewals.
  SessionTickets(std::string authorization_digest, int64_t lifetime_seconds);

  // Returns the terms of a session that a full handshake establishes at `now`. `valid_until` is the
  // end of the validity of the client's chain; INT64_MAX without one.
  SessionTerms NewTerms(int64_t now, int64_t valid_until, std::string_view server_name) const;

  // Returns the ticket, or an empty string if the client gets none. `monotonic_ms` determines the
  // age of the keys.
  std::string Seal(const SessionTerms& terms, std::string_view session, int64_t monotonic_ms);
  // Returns nullopt unless the ticket was sealed with these keys. The caller checks whether it is
  // still valid.
  std::optional<Opened> Open(std::string_view ticket, int64_t monotonic_ms);

  const std::string& authorization_digest() const { return authorization_digest_; }
  int64_t lifetime_seconds() const { return lifetime_seconds_; }

 private:
  const std::string authorization_digest_;
  const int64_t lifetime_seconds_;
  TicketKeys keys_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SESSION_TICKETS_H_
