// ReadGate is the set of reasons for which a client is not read. Each reason has one owner, which
// sets and clears it. The client is read while the set is empty. A plain value.

#ifndef MANTLET_PROXY_SESSION_READ_GATE_H_
#define MANTLET_PROXY_SESSION_READ_GATE_H_

#include <cstdint>

namespace mantlet::session {

enum class PauseReason : uint8_t {
  kUpstreamFull = 1,   // the upstream does not take the request fast enough
  kPipelined = 2,      // the next request has arrived before its turn
  kClientBacklog = 4,  // the client does not read its responses
};

class ReadGate {
 public:
  void Set(PauseReason reason, bool paused) {
    const auto bit = static_cast<uint8_t>(reason);
    reasons_ = static_cast<uint8_t>(paused ? reasons_ | bit : reasons_ & ~bit);
  }
  bool Has(PauseReason reason) const { return (reasons_ & static_cast<uint8_t>(reason)) != 0; }
  bool is_open() const { return reasons_ == 0; }

 private:
  uint8_t reasons_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_READ_GATE_H_
