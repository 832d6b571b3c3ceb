// TicketKeys holds the keys that session tickets are sealed with (RFC 5077, RFC 8446
// section 4.6.1). They are random, exist in this process's memory only, and are rotated:
// a key seals for `period`, opens for one `period` more and is wiped at the next use after
// that.
//
// A ticket is: key name (16 bytes), nonce (12 bytes), AES-256-GCM ciphertext with
// its tag. A ticket that cannot be opened is unknown; a forged one is not distinguished
// from an old one.
//
// Threading: any thread. A mutex guards which keys there are and is held for the
// time it takes to copy a pointer; sealing and opening happen outside of it.

#ifndef MANTLET_PROXY_TLS_TICKET_KEYS_H_
#define MANTLET_PROXY_TLS_TICKET_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace mantlet::tls {

class TicketKeys {
 public:
  static constexpr size_t kOverheadBytes = 16 + 12 + 16;  // what sealing adds

  explicit TicketKeys(int64_t period_ms);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;

  // `associated` is not part of the ticket and must be the same when it is opened.
  // `now_ms`: monotonic, so that a wall clock that is set back prolongs nothing.
  // Empty if the library is out of memory.
  std::string Seal(std::string_view plaintext, std::string_view associated, int64_t now_ms);
  std::optional<std::string> Open(std::string_view ticket, std::string_view associated,
                                  int64_t now_ms);

 private:
  class Key;
  using KeyPtr = std::shared_ptr<const Key>;

  void Rotate(int64_t now_ms);  // with mutex_ held

  const int64_t period_ms_;
  std::mutex mutex_;  // guards what follows
  KeyPtr current_;
  KeyPtr previous_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TICKET_KEYS_H_
