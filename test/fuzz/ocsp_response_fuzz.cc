// Any bytes as an OCSP response: reading ends, a refusal has a clean sentence, and
// nothing that our own root did not sign is taken for its word.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/x509/ocsp_response.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::fuzz {
namespace {

void Read(std::string_view bytes) {
  const auto response = x509::OcspResponse::Parse(bytes);
  if (!response.ok()) {
    Require(!response.status().message().empty(), "a refusal without a reason");
    return;
  }
  Require(!response->answers().empty(), "a response without an answer", bytes);
  for (const auto& answer : response->answers()) {
    Require(!answer.serial.empty(), "an answer about nothing", bytes);
  }
  const auto valid =
      response->Validate(*x509::Intermediate().certificate, {x509::Root().certificate}, x509::kNow);
  Require(!valid.ok(), "the root's word without the root", bytes);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Read(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
