#include "proxy/verify/client_check.h"

#include <string>
#include <utility>

#include "proxy/verify/identity_extractor.h"
#include "proxy/verify/presented_chain.h"

namespace mantlet::verify {
namespace {

VerifyResult Unreadable(const absl::Status& status) {
  return Refusal(base::HandshakeFailure::kInvalidCertificate, nullptr, -1,
                 std::string(status.message()));
}

}  // namespace

ClientCheck CheckClient(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                        int64_t now) {
  ClientCheck check;
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) {
    check.verdict = Unreadable(chain.status());
    return check;
  }
  check.verdict = verifier.Verify(*chain, now);
  if (check.verdict.ok()) {
    check.certificate =
        std::make_shared<const identity::ClientCertificate>(ExtractIdentity(*chain));
  }
  return check;
}

VerifyResult Reverify(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                      int64_t now, Expired expired) {
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) return Unreadable(chain.status());
  return verifier.Verify(*chain, now, expired);
}

std::vector<std::string_view> DersOf(const identity::ClientCertificate& certificate) {
  std::vector<std::string_view> ders = {certificate.der};
  ders.insert(ders.end(), certificate.chain_der.begin(), certificate.chain_der.end());
  return ders;
}

}  // namespace mantlet::verify
