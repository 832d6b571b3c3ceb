// Any bytes as a message, a status and a content type of gRPC: a message is printable ASCII and
// decodes to the text it was made of; a status is what another reader of numbers finds.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/grpc.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

std::string Decoded(std::string_view message) {
  std::string text;
  for (size_t i = 0; i < message.size(); ++i) {
    if (message[i] != '%') {
      text += message[i];
      continue;
    }
    Require(i + 2 < message.size(), "an escape that is cut", message);
    text += static_cast<char>(std::stoi(std::string(message.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return text;
}

void Check(const std::string& bytes) {
  const std::string message = http::GrpcMessage(bytes);
  for (const char c : message) Require(c >= ' ' && c <= '~', "not printable", message);
  Require(Decoded(message) == bytes, "a message that decodes to another text", bytes, message);

  const auto status = http::ParseGrpcStatus(bytes);
  const bool digits = !bytes.empty() && bytes.size() < 10 &&
                      bytes.find_first_not_of("0123456789") == std::string::npos;
  Require(status.has_value() == digits, "two readers disagree", bytes);
  if (digits) Require(*status == std::stoi(bytes), "two readers find other numbers", bytes);
  if (status) Require(!http::GrpcStatusName(*status).empty(), "a status without a name", bytes);

  if (http::IsGrpc(bytes)) {
    Require(bytes.size() >= 16 && (bytes.size() == 16 || bytes[16] != '-'), "not gRPC", bytes);
  }
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  mantlet::fuzz::Check(bytes);
  mantlet::fuzz::Check("application/grpc" + bytes);
  return 0;
}
