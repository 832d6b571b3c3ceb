#include "proxy/server/handover_client.h"

#include <unistd.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "proxy/io/packet_socket.h"

namespace mantlet::server {
namespace {

using Type = HandoverMessage::Type;

absl::Status Unexpected() {
  return absl::InternalError("it sent a message that is not expected now");
}

}  // namespace

absl::Status HandoverClient::Annotate(const absl::Status& status) const {
  std::string hint;
  if (absl::IsDeadlineExceeded(status)) {
    hint = "; the running process hangs: stop it, or wait and start again";
  } else if (absl::IsCancelled(status)) {
    hint = "; the running process has ended: start again";
  }
  return absl::Status(status.code(),
                      absl::StrCat("upgrade.socket: cannot take over from the process at ", path_,
                                   ": ", std::string(status.message()), hint));
}

absl::StatusOr<HandoverClient> HandoverClient::Connect(const std::string& path,
                                                       uint32_t also_trusted, int64_t timeout_ms) {
  absl::StatusOr<io::FileDescriptor> fd =
      io::ConnectPacketSocket(path, std::chrono::milliseconds(timeout_ms));
  if (absl::IsNotFound(fd.status())) return fd.status();
  if (!fd.ok()) return HandoverClient(path, {}).Annotate(fd.status());
  HandoverClient client(path, *std::move(fd));
  const absl::StatusOr<io::PeerCredentials> peer = io::PeerOf(client.fd_.get());
  if (!peer.ok()) return client.Annotate(peer.status());
  if (peer->uid != 0 && peer->uid != geteuid() && peer->uid != also_trusted) {
    return client.Annotate(absl::PermissionDeniedError(
        absl::StrCat("it belongs to user ", peer->uid, ", this process to user ", geteuid(),
                     "; start this one as the same user")));
  }
  return client;
}

// Sends a message and returns the answer. If the message cannot be sent because the connection is
// closed, there may be a refusal to read.
absl::StatusOr<HandoverClient::Answer> HandoverClient::Ask(const std::string& request) {
  absl::Status sent = io::SendPacket(fd_.get(), request);
  if (!sent.ok() && !absl::IsCancelled(sent)) return sent;
  absl::StatusOr<io::Packet> packet = io::ReceivePacket(fd_.get());
  if (!packet.ok()) return packet.status();
  absl::StatusOr<HandoverMessage> message = DecodeHandover(packet->bytes);
  // What is no message is not a refusal either.
  if (absl::IsInvalidArgument(message.status())) {
    return absl::InternalError(message.status().message());
  }
  if (!message.ok()) return message.status();
  if (message->type == Type::kRefused) return absl::FailedPreconditionError(message->text);
  return Answer{*std::move(message), std::move(packet->descriptors)};
}

absl::StatusOr<ReceivedSockets> HandoverClient::Receive() {
  ReceivedSockets received;
  std::string request = HandoverSignal(Type::kHello);
  for (size_t count = 0; count <= kMaxHandoverEntries; ++count) {
    absl::StatusOr<Answer> answer = Ask(request);
    if (!answer.ok()) return Annotate(answer.status());
    HandoverMessage& message = answer->message;
    if (message.type == Type::kEnd) {
      pid_ = message.pid;
      return received;
    }
    if (message.type != Type::kSockets) break;
    received.Add({message.use, std::move(message.name), std::move(message.text),
                  std::move(answer->descriptors)});
    request = HandoverSignal(Type::kNext);
  }
  return Annotate(Unexpected());
}

absl::Status HandoverClient::TakeOver(const std::vector<uint32_t>& taken) {
  HandoverMessage ready;
  ready.type = Type::kReady;
  ready.taken = taken;
  absl::StatusOr<Answer> answer = Ask(EncodeHandover(ready));
  if (absl::IsFailedPrecondition(answer.status())) return Annotate(answer.status());
  if (!answer.ok()) return answer.status();
  return answer->message.type == Type::kDone ? absl::OkStatus() : Unexpected();
}

}  // namespace mantlet::server
