// TicketKeys holds the keys that seal session tickets (RFC 5077, RFC 8446 section 4.6.1). They are
// random, exist only in the memory of this process, and are rotated: a key seals for one `period`,
// opens for one more `period`, and is wiped at the next use after that.
//
// A ticket consists of the key name (16 bytes), the nonce (12 bytes), and AES-256-GCM ciphertext
// with its tag. A ticket that cannot be opened is unknown; a forged ticket is not distinguished
// from an old one.
//
// Threading: any thread. A mutex guards the list of keys and is held only while a pointer is
// copied; sealing and opening happen outside of it.

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
  static constexpr size_t kOverheadBytes = 16 + 12 + 16;  // bytes that sealing adds

  explicit TicketKeys(int64_t period_ms);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;

  // `associated` is not part of the ticket and must be the same when it is opened. `now_ms` is
  // monotonic time, so that setting back the wall clock extends nothing. Returns an empty string if
  // the library is out of memory.
  std::string Seal(std::string_view plaintext, std::string_view associated, int64_t now_ms);
  std::optional<std::string> Open(std::string_view ticket, std::string_view associated,
                                  int64_t now_ms);

 private:
  class Key;
  using KeyPtr = std::shared_ptr<const Key>;

  void Rotate(int64_t now_ms);  // requires mutex_

  const int64_t period_ms_;
  std::mutex mutex_;  // guards all members below
  KeyPtr current_;
  KeyPtr previous_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TICKET_KEYS_H_
