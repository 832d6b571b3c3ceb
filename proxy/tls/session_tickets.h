// SessionTickets seals and opens the session tickets of one listener under one generation
// of everything that decides about clients. Stateless (RFC 5077, RFC 8446 section 4.6.1):
// the whole session travels in its ticket, sealed with keys of this process. A change of
// anything that decides makes a new ServerContext with new SessionTickets, which open no
// older ticket.
//
// A ticket carries its terms beside the library's session. They limit how long it is valid
// and are never extended, however often the session is renewed.
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
  // Of the full handshake; seconds since the epoch.
  int64_t established = 0;
  // The session has expired from this moment on. Set by the full handshake.
  int64_t deadline = 0;
  // The server name of the full handshake, lower case; a resumption must have the same
  // (RFC 6066 section 3).
  std::string server_name;

  bool Covers(int64_t now) const { return established <= now && now < deadline; }
};

class SessionTickets {
 public:
  // A session with a larger ticket than this is not worth one: the client would
  // have to send it in its ClientHello.
  static constexpr size_t kMaxTicketBytes = 12 * 1024;
  // What Seal() adds to a session, at most.
  static constexpr size_t kMaxOverheadBytes = TicketKeys::kOverheadBytes + 8 + 8 + 1 + 255;

  struct Opened {
    SessionTerms terms;
    std::string session;  // the library's
  };

  // `authorization_digest`: a digest of everything that decides; a ticket opens only where
  // it is the same. `lifetime_seconds`: of a session, renewals included.
  SessionTickets(std::string authorization_digest, int64_t lifetime_seconds);

  // The terms of a session that a full handshake establishes `now`. `valid_until`:
  // the verdict's on the client's chain; INT64_MAX without one.
  SessionTerms NewTerms(int64_t now, int64_t valid_until, std::string_view server_name) const;

  // Returns the ticket, empty if the client is to get none. `monotonic_ms` is for the age of
  // the keys.
  std::string Seal(const SessionTerms& terms, std::string_view session, int64_t monotonic_ms);
  // Returns nothing unless the ticket was sealed here. Whether it is still valid is for the
  // caller to decide.
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
