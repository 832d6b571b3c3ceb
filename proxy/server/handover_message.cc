#include "proxy/server/handover_message.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::server {
namespace {

using Type = HandoverMessage::Type;

constexpr std::string_view kMagic = "MNTU";
constexpr size_t kMaxText = 1024;

void AppendNumber(uint32_t value, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

void AppendText(std::string_view text, std::string* out) {
  text = text.substr(0, kMaxText);
  AppendNumber(static_cast<uint32_t>(text.size()), 2, out);
  out->append(text);
}

// Takes values off the front of a message. After a value that is not there everything fails.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint32_t Number(size_t bytes) {
    const std::string_view taken = Bytes(bytes);
    uint32_t value = 0;
    for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string Text() {
    const uint32_t size = Number(2);
    if (size > kMaxText) failed_ = true;
    return std::string(Bytes(size));
  }
  std::string_view Bytes(size_t count) {
    if (count > rest_.size()) failed_ = true;
    if (failed_) return {};
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  size_t left() const { return rest_.size(); }
  bool ok() const { return !failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

absl::Status NoMessage() {
  return absl::InvalidArgumentError("it sent something that is no message of an upgrade");
}

// Reads what follows the type. Returns whether it is valid.
bool ReadContents(Reader& reader, HandoverMessage* message) {
  switch (message->type) {
    case Type::kSockets: {
      const uint32_t use = reader.Number(1);
      if (use < static_cast<uint32_t>(SocketUse::kListener) ||
          use > static_cast<uint32_t>(SocketUse::kUpgrade)) {
        return false;
      }
      message->use = static_cast<SocketUse>(use);
      message->name = reader.Text();
      message->text = reader.Text();
      break;
    }
    case Type::kEnd:
      message->pid = reader.Number(4);
      break;
    case Type::kReady:
      if (reader.left() % 4 != 0 || reader.left() / 4 > kMaxHandoverEntries) return false;
      while (reader.left() > 0) message->taken.push_back(reader.Number(4));
      break;
    case Type::kRefused:
      message->text = std::string(reader.Bytes(reader.left()).substr(0, kMaxText));
      break;
    case Type::kHello:
    case Type::kNext:
    case Type::kDone:
      break;
    default:
      return false;
  }
  return reader.ok() && reader.left() == 0;
}

}  // namespace

std::string EncodeHandover(const HandoverMessage& message) {
  std::string out(kMagic);
  AppendNumber(kHandoverVersion, 2, &out);
  AppendNumber(static_cast<uint32_t>(message.type), 1, &out);
  if (message.type == Type::kSockets) {
    AppendNumber(static_cast<uint32_t>(message.use), 1, &out);
    AppendText(message.name, &out);
    AppendText(message.text, &out);
  } else if (message.type == Type::kEnd) {
    AppendNumber(message.pid, 4, &out);
  } else if (message.type == Type::kReady) {
    for (const uint32_t number : message.taken) AppendNumber(number, 4, &out);
  } else if (message.type == Type::kRefused) {
    out.append(message.text, 0, kMaxText);
  }
  return out;
}

absl::StatusOr<HandoverMessage> DecodeHandover(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.Bytes(kMagic.size()) != kMagic) return NoMessage();
  const uint32_t version = reader.Number(2);
  HandoverMessage message;
  message.type = static_cast<Type>(reader.Number(1));
  if (!reader.ok()) return NoMessage();
  if (version != kHandoverVersion && message.type != Type::kRefused) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it speaks version ", version, " of the upgrade protocol, this process version ",
        kHandoverVersion, "; stop the running process and start the new one instead"));
  }
  if (!ReadContents(reader, &message)) return NoMessage();
  return message;
}

std::string HandoverSignal(HandoverMessage::Type type) {
  HandoverMessage message;
  message.type = type;
  return EncodeHandover(message);
}

std::string HandoverRefusal(std::string_view reason) {
  HandoverMessage message;
  message.type = Type::kRefused;
  message.text = std::string(reason);
  return EncodeHandover(message);
}

}  // namespace mantlet::server
