#include "proxy/tls/path_revocation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mantlet::tls {
namespace {

using Verdict = RevocationLists::Verdict;

PathFault FaultFor(Verdict verdict) {
  if (verdict == Verdict::kRevoked) return PathFault::kRevoked;
  return verdict == Verdict::kExpired ? PathFault::kCrlExpired : PathFault::kCrlMissing;
}

}  // namespace

RevocationLists::Status PathRevocation::Ask(PathBuilder& builder, size_t depth) const {
  x509_st* certificate = builder.path()[depth]->x509();
  RevocationLists::Status status;
  // Whoever's answer counts now: what any of them revokes later is revoked then.
  int64_t newer_at = RevocationLists::kForever;
  bool first = true;
  for (const PathCertificate* issuer : builder.IssuersWithItsKey(depth)) {
    RevocationLists::Status answer = lists_->Check(certificate, issuer->x509(), now_);
    newer_at = std::min(newer_at, answer.newer_at);
    if (first || answer.verdict == Verdict::kRevoked) status = std::move(answer);
    first = false;
  }
  if (status.verdict == Verdict::kRevoked) return status;
  for (const PathCertificate* namesake : builder.IssuersWithOtherKeys(depth)) {
    RevocationLists::Status answer = lists_->Check(certificate, namesake->x509(), now_);
    if (answer.verdict == Verdict::kRevoked) return answer;
    newer_at = std::min(newer_at, answer.newer_at);
    if (answer.verdict == Verdict::kGood && status.verdict != Verdict::kGood) {
      status = std::move(answer);
    }
  }
  status.next_update = std::min(status.next_update, newer_at);
  return status;
}

std::optional<PathFinding> PathRevocation::Check(PathBuilder& builder) {
  std::optional<PathFinding> gravest;
  next_update_ = RevocationLists::kForever;
  for (size_t i = 0; i + 1 < builder.path().size(); ++i) {
    RevocationLists::Status status = Ask(builder, i);
    next_update_ = std::min(next_update_, status.next_update);
    if (status.verdict == Verdict::kGood) continue;
    const PathFault fault = FaultFor(status.verdict);
    if (!gravest.has_value() || fault > gravest->fault) {
      gravest = PathFinding{fault, i, std::move(status.detail)};
    }
  }
  return gravest;
}

}  // namespace mantlet::tls
