#include "proxy/verify/path_revocation.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {
namespace {

using Status = x509::RevocationLists::Status;
using Verdict = x509::RevocationLists::Verdict;

PathFault FaultFor(Verdict verdict) {
  if (verdict == Verdict::kRevoked) return PathFault::kRevoked;
  const bool out_of_date = verdict == Verdict::kExpired || verdict == Verdict::kNotYetValid;
  return out_of_date ? PathFault::kCrlExpired : PathFault::kCrlMissing;
}

std::string ExplainSigner(const PathCertificate& certificate, const PathCertificate& signer,
                          const Status& status) {
  return absl::StrCat(
      "the revocation list of its issuer, ", x509::NameForRecord(certificate.issuer()),
      ", is not used: it was signed with the key of the certificate with the serial number ",
      x509::SerialHex(signer.x509()), ", which is not valid itself (", status.detail, ")");
}

}  // namespace

Status PathRevocation::AskAboutSigner(PathBuilder& builder, const PathBuilder::ListSigner& signer,
                                      size_t issuer_depth) {
  if (!signer.stands) {
    return {Verdict::kMissing, x509::RevocationLists::kForever,
            "a rule of the trust anchor or of a CA above it forbids it"};
  }
  // Certificates on the path are checked themselves.
  if (!signer.beside_path) return {};
  const Question question(signer.certificate, issuer_depth);
  auto known = signers_.find(question);
  if (known != signers_.end()) return known->second;
  Status status = Ask(builder, *signer.certificate, issuer_depth);
  const int64_t not_after = signer.certificate->not_after();
  // A certificate that has already expired was accepted by option and does not limit the result.
  if (now_ <= not_after) status.next_update = std::min(status.next_update, not_after + 1);
  signers_.emplace(question, status);
  return status;
}

Status PathRevocation::Ask(PathBuilder& builder, const PathCertificate& certificate,
                           size_t issuer_depth) {
  Status status;
  // A later list by any of these issuers may revoke the certificate.
  int64_t newer_at = x509::RevocationLists::kForever;
  bool first = true;
  for (const PathCertificate* issuer : builder.IssuersWithItsKey(certificate, issuer_depth)) {
    Status answer = lists_->Check(certificate.x509(), issuer->x509(), now_);
    newer_at = std::min(newer_at, answer.newer_at);
    if (first || answer.verdict == Verdict::kRevoked) status = std::move(answer);
    first = false;
  }
  if (status.verdict == Verdict::kRevoked) return status;
  for (const auto& signer : builder.IssuersWithOtherKeys(issuer_depth)) {
    Status answer = lists_->Check(certificate.x509(), signer.certificate->x509(), now_);
    if (answer.verdict == Verdict::kRevoked) return answer;
    newer_at = std::min(newer_at, answer.newer_at);
    if (answer.verdict != Verdict::kGood || status.verdict == Verdict::kGood) continue;
    const Status about_signer = AskAboutSigner(builder, signer, issuer_depth + 1);
    if (about_signer.verdict == Verdict::kGood) {
      status = std::move(answer);
      status.next_update = std::min(status.next_update, about_signer.next_update);
    } else {
      status.detail = ExplainSigner(certificate, *signer.certificate, about_signer);
    }
  }
  status.next_update = std::min(status.next_update, newer_at);
  return status;
}

std::optional<PathFinding> PathRevocation::Check(PathBuilder& builder) {
  std::optional<PathFinding> gravest;
  next_update_ = x509::RevocationLists::kForever;
  signers_.clear();
  for (size_t i = 0; i + 1 < builder.path().size(); ++i) {
    Status status = Ask(builder, *builder.path()[i], i + 1);
    next_update_ = std::min(next_update_, status.next_update);
    if (status.verdict == Verdict::kGood) continue;
    const PathFault fault = FaultFor(status.verdict);
    if (!gravest.has_value() || fault > gravest->fault) {
      gravest = PathFinding{fault, i, std::move(status.detail)};
    }
  }
  return gravest;
}

}  // namespace mantlet::verify
