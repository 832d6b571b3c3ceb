// Any bytes as a message of an upgrade: what is read, written again, reads the same, and is no
// larger than what was read.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/server/handover_message.h"
#include "test/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mantlet::fuzz::Require;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = mantlet::server::DecodeHandover(bytes);
  if (!message.ok()) return 0;
  const std::string written = mantlet::server::EncodeHandover(*message);
  Require(written.size() <= bytes.size(), "it has grown", bytes, written);
  const auto again = mantlet::server::DecodeHandover(written);
  Require(again.ok() && *again == *message, "it reads differently", bytes, written);
  return 0;
}
