// Any bytes as the certificate a client presents, alone and with a CA behind it:
// what is read is what is there, no control byte reaches a log, and nothing that
// our CA did not sign is let in.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/pattern/spiffe_id.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/verify/identity_extractor.h"
#include "proxy/verify/presented_chain.h"
#include "proxy/verify/svid.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/distribution_point.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::fuzz {
namespace {

bool HasControlByte(std::string_view text) {
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return true;
  }
  return false;
}

void CompareViews(const identity::ClientCertificate& identity, std::string_view der) {
  Require(identity.der == der, "the leaf is not what was presented");
  Require(!HasControlByte(identity.serial), "a serial number with control bytes", identity.serial);
  if (!identity.spiffe_id.empty()) {
    Require(identity.san_uri.size() == 1, "a SPIFFE ID among several URIs", identity.spiffe_id);
    Require(pattern::ParseSpiffeId(identity.spiffe_id).ok(), "a malformed SPIFFE ID",
            identity.spiffe_id);
  }
  auto certificate = x509::Certificate::FromDer(der);
  if (!certificate.ok()) return;
  const x509::Certificate& whole = **certificate;
  const auto points = x509::DistributionPointsOf(whole.x509());
  Require(!points.empty() && points.back().names.size() == 1, "no point of the issuer's name");
  Require(!HasControlByte(whole.subject()), "a subject with control bytes", whole.subject());
  Require(!HasControlByte(whole.issuer()), "an issuer with control bytes", whole.issuer());
  Require(identity.fingerprint_sha256 == whole.fingerprint_sha256(), "two fingerprints");
  Require(identity.serial == whole.serial(), "two serial numbers", identity.serial, whole.serial());
  Require(identity.san_dns == whole.san().dns && identity.san_uri == whole.san().uri &&
              identity.san_email == whole.san().email && identity.san_ip == whole.san().ip &&
              identity.san_upn == whole.san().upn,
          "two readings of the alternative names");
  Require(identity.not_after == whole.not_after(), "two dates");
  if (!HasControlByte(identity.subject)) {
    Require(identity.subject == whole.subject(), "two subjects", identity.subject, whole.subject());
  }
}

// A good SVID is one to both readers, under the same trust domain; a claim to be one
// that is not good is told as no SPIFFE ID, or breaks another rule.
void CompareSvid(const identity::ClientCertificate& identity, const verify::PresentedChain& chain) {
  const verify::LeafSvid svid = verify::ReadLeafSvid(chain.x509(0));
  if (svid.claimed && svid.violation.empty()) {
    const auto id = pattern::ParseSpiffeId(identity.spiffe_id);
    Require(id.ok() && id->trust_domain == svid.trust_domain, "two SPIFFE IDs", identity.spiffe_id,
            svid.trust_domain);
  }
  Require(identity.spiffe_id.empty() || svid.claimed, "an ID that is told and not judged",
          identity.spiffe_id);
  Require(!HasControlByte(svid.violation), "control bytes in a log record", svid.violation);
  const std::string signer = verify::SignerViolation(chain.x509(0), "example.org");
  Require(!HasControlByte(signer), "control bytes in a log record", signer);
}

void Present(std::string_view der) {
  static const verify::ChainVerifier* verifier =
      new verify::ChainVerifier(x509::Trust({x509::Root()}), verify::ChainVerifier::Options());
  const std::vector<std::string_view> alone = {der};
  const std::vector<std::string_view> chain = {der, x509::Intermediate().certificate->der()};
  auto identity = verify::ExtractIdentity(alone);
  if (identity.ok()) {
    CompareViews(*identity, der);
    CompareSvid(*identity, *verify::PresentedChain::Parse(alone));
  }
  for (const auto& presented : {alone, chain}) {
    const verify::VerifyResult result = verifier->Verify(presented, x509::kNow);
    Require(!result.ok(), "a certificate that we never issued is let in");
    Require(!result.reason().empty() && !result.detail.empty(), "a refusal without a reason");
    Require(!HasControlByte(result.subject) && !HasControlByte(result.detail),
            "control bytes in a log record", result.subject, result.detail);
  }
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Present({reinterpret_cast<const char*>(data), size});
  return 0;
}
