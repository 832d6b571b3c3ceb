// Any certificates as what a client presents (one after the other in DER, the leaf
// first; the first byte of the input chooses the options and who is trusted): the
// verdict does not depend on the order of the intermediates nor on repetitions, a
// refusal has a clean reason, and without one of the presented CAs being trusted
// nobody gets in.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/verify/chain_verifier.h"
#include "proxy/x509/certificate.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::fuzz {
namespace {

// Three times as many are presented; more would run into PresentedChain's limit.
constexpr size_t kMaxCertificates = 24;

// The outer elements, by their lengths alone. What is left over is one more.
std::vector<std::string_view> Split(std::string_view bytes) {
  std::vector<std::string_view> elements;
  while (bytes.size() > 4 && elements.size() < kMaxCertificates) {
    size_t size = static_cast<uint8_t>(bytes[1]), header = 2;
    if (size > 128) {
      const size_t count = std::min<size_t>(size - 128, 2);
      size = 0;
      for (size_t i = 0; i < count; ++i) size = size * 256 + static_cast<uint8_t>(bytes[2 + i]);
      header = 2 + count;
    }
    elements.push_back(bytes.substr(0, header + size));
    bytes.remove_prefix(elements.back().size());
  }
  if (!bytes.empty()) elements.push_back(bytes);
  return elements;
}

void RequireCleanText(std::string_view text) {
  for (unsigned char c : text) Require(c >= 0x20 && c != 0x7f, "control bytes in a record", text);
}

x509::TrustStorePtr Trusted(bool theirs, const std::vector<std::string_view>& chain) {
  std::vector<x509::CertificatePtr> anchors = {x509::Root().certificate};
  if (theirs) {
    auto last = x509::Certificate::FromDer(chain.back());
    if (last.ok()) anchors.push_back(*last);
  }
  return *x509::TrustStore::Create(anchors);
}

void Verify(uint8_t options, const std::vector<std::string_view>& chain) {
  const bool theirs = (options & 1) != 0;
  verify::ChainVerifier::Options how;
  how.partial_chain = (options & 2) != 0;
  how.any_extended_key_usage = how.server_auth_clients = (options & 4) != 0;
  if ((options & 8) != 0) how.purpose = verify::ChainVerifier::Purpose::kServerAuth;
  how.max_depth = options >> 4;
  const verify::ChainVerifier verifier(Trusted(theirs, chain), how);
  const verify::VerifyResult result = verifier.Verify(chain, x509::kNow);
  Require(theirs || !result.ok(), "somebody whom we do not trust is let in");
  Require(result.ok() == (result.valid_until > x509::kNow), "good for no time");
  if (!result.ok()) {
    Require(!result.reason().empty() && !result.detail.empty(), "a refusal without a reason");
    RequireCleanText(result.detail);
    RequireCleanText(result.subject);
    RequireCleanText(result.issuer);
  }
  std::vector<std::string_view> other = chain;
  std::reverse(other.begin() + 1, other.end());
  other.insert(other.end(), chain.begin(), chain.end());
  other.push_back(x509::Root().certificate->der());
  Require(verifier.Verify(other, x509::kNow).ok() == result.ok(), "order or repetition decides",
          result.detail);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const uint8_t options = input.Byte();
  const std::vector<std::string_view> chain = mantlet::fuzz::Split(input.Rest());
  if (!chain.empty()) mantlet::fuzz::Verify(options, chain);
  return 0;
}
