// The messages by which a process takes over the listening sockets of a running one (`upgrade:` in
// config/README.md). Pure: bytes to values and back; server/handover_client and
// server/handover_server send them, each as one packet.
//
//   successor                      running process
//   Hello                    ->
//                            <-    Sockets, with descriptors
//   Next                     ->                        once for each further Sockets, until
//                            <-    End
//   Ready, what is taken     ->
//                            <-    Done: it accepts nothing more
//
// Refused, with a reason, may come instead of any answer. Each message begins with "MNTU", the
// version of the protocol (2 bytes) and its type (1 byte); numbers are big-endian. This beginning
// and the rest of Refused, which is text, are the same in every version.

#ifndef MANTLET_PROXY_SERVER_HANDOVER_MESSAGE_H_
#define MANTLET_PROXY_SERVER_HANDOVER_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::server {

inline constexpr uint16_t kHandoverVersion = 1;
// The largest number of Sockets messages in one handover; each has up to 250 descriptors.
inline constexpr size_t kMaxHandoverEntries = 8192;

// What a listening socket is used for. A socket goes over to an address of the same use only.
enum class SocketUse : uint8_t {
  kListener = 1,   // opened for a listener
  kInherited = 2,  // opened by the service manager, for listeners
  kEndpoint = 3,   // metrics or admin
  kUpgrade = 4,    // of the upgrade itself
};

struct HandoverMessage {
  enum class Type : uint8_t {
    kHello = 1,
    kSockets = 2,
    kNext = 3,
    kEnd = 4,
    kReady = 5,
    kDone = 6,
    kRefused = 7,
  };
  Type type = Type::kHello;
  SocketUse use = SocketUse::kListener;  // Sockets
  // Sockets: the name of the listener, of the endpoint, or that the service manager gave.
  std::string name;
  // Sockets: where clients find a Unix socket; it may have been bound elsewhere. Refused: why.
  std::string text;
  uint32_t pid = 0;             // End: the running process
  std::vector<uint32_t> taken;  // Ready: numbers of Sockets messages, counted from 0
  bool operator==(const HandoverMessage&) const = default;
};

std::string EncodeHandover(const HandoverMessage& message);

// Returns InvalidArgument for bytes that are no message, and FailedPrecondition for a message of
// another version than kHandoverVersion, unless it is Refused. The texts are for operators.
absl::StatusOr<HandoverMessage> DecodeHandover(std::string_view bytes);

// Shortcuts for messages without or with one value.
std::string HandoverSignal(HandoverMessage::Type type);
std::string HandoverRefusal(std::string_view reason);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HANDOVER_MESSAGE_H_
