// Any bytes as a SPIFFE bundle and as a bundle map: reading ends, a refusal has a
// clean sentence, and what is taken is a list of certificates under well-formed
// trust domains.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "certs/spiffe_bundle.h"
#include "proxy/pattern/spiffe_id.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

void CheckBundle(const certs::SpiffeBundle& bundle) {
  for (const certs::SpiffeBundle::Authority& authority : bundle.authorities) {
    Require(authority.certificate != nullptr, "an authority without a certificate");
    Require(authority.where.starts_with("keys["), "an authority without a place", authority.where);
  }
}

void Read(std::string_view bytes) {
  const auto bundle = certs::ParseSpiffeBundle(bytes);
  const auto bundles = certs::ParseSpiffeBundleMap(bytes);
  Require(!bundle.ok() || !bundles.ok(), "a bundle and a map at once", bytes);
  if (bundle.ok()) CheckBundle(*bundle);
  if (bundles.ok()) {
    for (const auto& [name, each] : *bundles) {
      Require(pattern::CheckTrustDomain(name).ok(), "a trust domain that is none", name);
      CheckBundle(each);
    }
  }
  Require(bundle.ok() || !bundle.status().message().empty(), "a refusal without a reason");
  Require(bundles.ok() || !bundles.status().message().empty(), "a refusal without a reason");
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Read(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
