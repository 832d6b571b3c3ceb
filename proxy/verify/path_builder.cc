#include "proxy/verify/path_builder.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <utility>

namespace mantlet::verify {
namespace {

// The maximum length of a path: max_depth and as many self-issued certificates, which it does not
// count.
constexpr size_t kMaxPath = 24;

// The maximum number of reasons that are compared; a hostile bundle could produce thousands.
constexpr int kMaxReports = 8;

// The limits of the second pass, which only finds the reason.
constexpr int kStepsForReason = 500, kSignaturesForReason = 32;

}  // namespace

PathBuilder::PathBuilder(const AnchorIndex* anchors, const PresentedChain& chain,
                         const PathRules& rules, LastCheck last_check)
    : anchors_(anchors), rules_(rules), last_check_(std::move(last_check)) {
  presented_.reserve(chain.size());
  for (size_t i = 0; i < chain.size(); ++i) {
    auto certificate = std::make_unique<const PathCertificate>(chain.x509(i));
    const bool is_new = std::none_of(presented_.begin(), presented_.end(), [&](const auto& known) {
      return known->IsSame(*certificate);
    });
    if (is_new) presented_.push_back(std::move(certificate));
  }
}

bool PathBuilder::Build() {
  failure_.at_fault = presented_[0].get();
  if (Search(/*tolerant=*/false)) return true;
  // If the first pass found a path that only a revocation list, a policy or a pin rejects, that is
  // the best reason.
  if (fewest_findings_ == 0) {
    steps_ = std::min(steps_, kStepsForReason);
    signatures_.Limit(kSignaturesForReason);
    Search(/*tolerant=*/true);
  }
  if (fewest_findings_ == 0 && (steps_ < 0 || signatures_.exhausted())) {
    failure_ = {Failure::Kind::kTooMuchWork, {}, presented_[0].get(), 0};
  }
  return false;
}

bool PathBuilder::Search(bool tolerant) {
  tolerant_ = tolerant;
  path_ = {presented_[0].get()};
  findings_.clear();
  const std::optional<PathFault> fault = FaultOf(*path_[0], PathRole::kLeaf, rules_);
  if (fault.has_value() && !Note(*fault, 0)) return false;
  // The leaf itself may be a trust anchor.
  std::vector<const AnchorIndex::Anchor*> namesakes;
  anchors_->Find(path_[0]->subject(), &namesakes);
  for (const AnchorIndex::Anchor* anchor : namesakes) {
    if ((anchor->self_signed || rules_.partial_chain) && anchor->certificate->IsSame(*path_[0])) {
      return Conclude();
    }
  }
  return Extend();
}

// Records a fault in the second pass. Returns whether the search continues.
bool PathBuilder::Note(PathFault fault, size_t depth, std::string detail) {
  if (tolerant_) findings_.push_back({fault, depth, std::move(detail)});
  return tolerant_;
}

bool PathBuilder::Finished() const {
  return final_ || steps_ < 0 || signatures_.exhausted() || paths_seen_ >= kMaxReports;
}

bool PathBuilder::Extend() {
  const PathCertificate& tip = *path_.back();
  if (path_.size() >= kMaxPath) return false;
  bool bad_signature = false, extended = false;
  for (const Candidate& candidate : IssuersOf(tip)) {
    if (--steps_ < 0) return false;
    if (candidate.unreachable && !tolerant_) continue;
    if (IsOnPath(*candidate.certificate)) continue;
    const size_t before = findings_.size();
    if (!Admit(candidate)) continue;
    if (!IsSigned(tip, *candidate.certificate)) {
      findings_.resize(before);
      bad_signature |= candidate.key_may_fit;
      continue;
    }
    extended = true;
    path_.push_back(candidate.certificate);
    if (candidate.ends_path ? Conclude() : Extend()) return true;
    path_.pop_back();
    findings_.resize(before);
    if (Finished()) return false;
  }
  if (tolerant_ && !extended) ReportDeadEnd(bad_signature);
  return false;
}

// Checks everything about a candidate except the signature, which is the most expensive check.
bool PathBuilder::Admit(const Candidate& candidate) {
  const PathCertificate& issuer = *candidate.certificate;
  const PathRole role = candidate.ends_path ? PathRole::kAnchor : PathRole::kIntermediate;
  const std::optional<PathFault> fault = FaultOf(issuer, role, rules_);
  if (fault.has_value() && !Note(*fault, path_.size())) return false;
  return CheckPathLength(issuer, candidate.ends_path) && CheckNameConstraints(issuer);
}

bool PathBuilder::CheckPathLength(const PathCertificate& issuer, bool ends_path) {
  int below = 0;
  for (size_t i = 1; i < path_.size(); ++i) below += path_[i]->self_issued() ? 0 : 1;
  if (issuer.path_length() >= 0 && below > issuer.path_length() &&
      !Note(PathFault::kPathLength, path_.size())) {
    return false;
  }
  const bool counts = !ends_path && !issuer.self_issued();
  // Reported once, for the first certificate over the limit.
  if (!counts || below < rules_.max_depth) return true;
  return below > rules_.max_depth || Note(PathFault::kTooDeep, path_.size());
}

bool PathBuilder::CheckNameConstraints(const PathCertificate& issuer) {
  const NameConstraints* constraints = issuer.name_constraints();
  if (constraints == nullptr) return true;
  for (size_t i = 0; i < path_.size(); ++i) {
    // Name constraints do not apply to self-issued CA certificates (RFC 5280, 6.1.3 (b)).
    if (i > 0 && path_[i]->self_issued()) continue;
    auto found = names_.find(path_[i]);
    if (found == names_.end()) {
      found = names_.emplace(path_[i], x509::ReadSubjectNames(path_[i]->x509(), i == 0)).first;
    }
    std::optional<std::string> violation = constraints->Violation(found->second, &comparisons_);
    if (violation.has_value() && !Note(PathFault::kNameConstraint, i, *std::move(violation))) {
      return false;
    }
  }
  return true;
}

// In the second pass a signature that is too weak to be checked counts as valid, because its
// weakness is the reason to report.
bool PathBuilder::IsSigned(const PathCertificate& certificate, const PathCertificate& issuer) {
  if (signatures_.Verify(certificate, issuer)) return true;
  return tolerant_ && (certificate.weak_signature() || issuer.key() == nullptr);
}

// Returns whether this certificate or another one of the same CA is on the path: using a CA twice
// only makes a path worse (RFC 4158, 2.4.2). The leaf does not count as a CA here.
bool PathBuilder::IsOnPath(const PathCertificate& certificate) const {
  for (size_t i = 0; i < path_.size(); ++i) {
    if (path_[i]->IsSame(certificate)) return true;
    if (i > 0 && path_[i]->HasSubjectOf(certificate) && path_[i]->HasKeyOf(certificate)) {
      return true;
    }
  }
  return false;
}

const std::vector<PathBuilder::Candidate>& PathBuilder::IssuersOf(
    const PathCertificate& certificate) {
  auto [entry, is_new] = issuers_.try_emplace(&certificate);
  std::vector<Candidate>& candidates = entry->second;
  if (!is_new) return candidates;
  std::vector<const AnchorIndex::Anchor*> anchors;
  anchors_->Find(certificate.issuer(), &anchors);
  for (const AnchorIndex::Anchor* anchor : anchors) {
    candidates.push_back(NewCandidate(certificate, *anchor->certificate,
                                      anchor->self_signed || rules_.partial_chain));
  }
  for (size_t i = 1; i < presented_.size(); ++i) {
    const PathCertificate& issuer = *presented_[i];
    if (!certificate.NamesAsIssuer(issuer)) continue;
    // A peer may also send a trust anchor.
    if (std::any_of(anchors.begin(), anchors.end(), [&](const AnchorIndex::Anchor* anchor) {
          return anchor->certificate->IsSame(issuer);
        })) {
      continue;
    }
    candidates.push_back(NewCandidate(certificate, issuer, /*ends_path=*/false));
  }
  if (candidates.size() > 1) Sort(&candidates);
  return candidates;
}

PathBuilder::Candidate PathBuilder::NewCandidate(const PathCertificate& certificate,
                                                 const PathCertificate& issuer,
                                                 bool ends_path) const {
  Candidate candidate;
  candidate.certificate = &issuer;
  candidate.ends_path = ends_path;
  // Key identifiers are hints (RFC 4158, 3.5.12): a CA may change how it computes them.
  int key = 1;
  if (!certificate.authority_key_id().empty() && !issuer.subject_key_id().empty()) {
    key = certificate.authority_key_id() == issuer.subject_key_id() ? 0 : 2;
  }
  candidate.key_may_fit = key < 2;
  const PathRole role = ends_path ? PathRole::kAnchor : PathRole::kIntermediate;
  candidate.rank = 2 * key + (FaultOf(issuer, role, rules_).has_value() ? 1 : 0);
  return candidate;
}

void PathBuilder::Sort(std::vector<Candidate>* candidates) {
  if (!distance_.has_value()) {
    std::vector<const PathCertificate*> presented;
    for (const auto& certificate : presented_) presented.push_back(certificate.get());
    distance_.emplace(*anchors_, rules_.partial_chain, presented);
  }
  for (Candidate& candidate : *candidates) {
    const int distance = candidate.ends_path ? 0 : distance_->Of(*candidate.certificate);
    candidate.unreachable = distance == AnchorDistance::kUnreachable;
    candidate.rank = candidate.rank * (AnchorDistance::kUnreachable + 1) + distance;
  }
  std::stable_sort(candidates->begin(), candidates->end(),
                   [](const Candidate& a, const Candidate& b) {
                     if (a.rank != b.rank) return a.rank < b.rank;
                     // A path that is valid for longer is preferred.
                     return a.certificate->not_after() > b.certificate->not_after();
                   });
}

bool PathBuilder::PoliciesHoldAlongPath() const {
  return path_.size() < 2 || PoliciesHoldFor(*path_[0], 1);
}

// Checks the policies of the path from the certificate below the trust anchor, which does not count
// (RFC 5280, 6.1), to path_[issuer_depth], and of `last`, which that certificate issued.
bool PathBuilder::PoliciesHoldFor(const PathCertificate& last, size_t issuer_depth) const {
  std::vector<PolicyLevel> levels;
  for (size_t i = path_.size() - 1; i-- > issuer_depth;) {
    levels.push_back({&path_[i]->policies(), path_[i]->self_issued()});
  }
  levels.push_back({&last.policies(), last.self_issued()});
  return PoliciesHold(levels);
}

PathBuilder::Path PathBuilder::IssuersWithItsKey(const PathCertificate& certificate,
                                                 size_t issuer_depth) {
  const PathCertificate& issuer = *path_[issuer_depth];
  Path found = {&issuer};
  for (const Candidate& other : IssuersOf(certificate)) {
    if (other.certificate != &issuer && other.certificate->HasKeyOf(issuer)) {
      found.push_back(other.certificate);
    }
  }
  return found;
}

std::vector<PathBuilder::ListSigner> PathBuilder::IssuersWithOtherKeys(size_t issuer_depth) {
  const PathCertificate& issuer = *path_[issuer_depth];
  std::vector<ListSigner> found;
  const auto is_namesake = [&](const PathCertificate& other) {
    return other.HasSubjectOf(issuer) && !other.HasKeyOf(issuer);
  };
  // Only CAs above the certificate in question count; a CA certificate that it signed itself must
  // not vouch for it.
  for (size_t i = issuer_depth + 1; i < path_.size(); ++i) {
    if (is_namesake(*path_[i])) found.push_back({path_[i], true, false});
  }
  std::vector<const PathCertificate*> others;  // certificates that need a path of their own
  std::vector<const AnchorIndex::Anchor*> anchors;
  anchors_->Find(issuer.subject(), &anchors);
  for (const AnchorIndex::Anchor* anchor : anchors) {
    const PathCertificate& certificate = *anchor->certificate;
    if (!is_namesake(certificate)) continue;
    if (!anchor->self_signed && !rules_.partial_chain) {
      others.push_back(&certificate);
      continue;
    }
    found.push_back(
        {&certificate, !FaultOf(certificate, PathRole::kAnchor, rules_).has_value(), false});
  }
  if (issuer_depth + 1 >= path_.size()) return found;
  const PathCertificate& above = *path_[issuer_depth + 1];
  for (size_t i = 1; i < presented_.size(); ++i) {
    if (is_namesake(*presented_[i])) others.push_back(presented_[i].get());
  }
  for (const PathCertificate* signer : others) {
    if (!signer->NamesAsIssuer(above) || !MaySignLists(*signer)) continue;
    if (!signatures_.Verify(*signer, above)) continue;
    const bool stands =
        ConstraintsAllow(*signer, issuer_depth + 1) && PoliciesHoldFor(*signer, issuer_depth + 1);
    found.push_back({signer, stands, true});
  }
  return found;
}

bool PathBuilder::ConstraintsAllow(const PathCertificate& signer, size_t issuer_depth) {
  std::optional<x509::SubjectNames> names;
  for (size_t i = issuer_depth; i < path_.size(); ++i) {
    const NameConstraints* constraints = path_[i]->name_constraints();
    if (constraints == nullptr) continue;
    if (!names.has_value()) names = x509::ReadSubjectNames(signer.x509(), /*leaf=*/false);
    if (constraints->Violation(*names, &comparisons_).has_value()) return false;
  }
  return true;
}

// Returns whether the certificate may sign revocation lists. A CA may use a separate key for its
// lists; that key's certificate need not be a CA certificate, but needs the key usage cRLSign.
bool PathBuilder::MaySignLists(const PathCertificate& signer) const {
  if (!signer.Allows(KU_CRL_SIGN)) return false;
  const std::optional<PathFault> fault = FaultOf(signer, PathRole::kIntermediate, rules_);
  const bool for_lists_only = !signer.Allows(KU_KEY_CERT_SIGN);
  return !fault.has_value() ||
         (for_lists_only && (fault == PathFault::kMayNotSign || fault == PathFault::kNotCa));
}

// Called when the path has reached an anchor.
bool PathBuilder::Conclude() {
  if (findings_.empty() && !PoliciesHoldAlongPath()) {
    findings_.push_back({PathFault::kPolicy, 0, ""});
  }
  if (findings_.empty() && last_check_ != nullptr) {
    std::optional<PathFinding> finding = last_check_(*this);
    if (finding.has_value()) findings_.push_back(*std::move(finding));
  }
  if (findings_.empty()) return true;
  ReportPath();
  if (!tolerant_) findings_.clear();
  return false;
}

// Reports the most serious fault of the path, if this path is the one most likely intended.
void PathBuilder::ReportPath() {
  // The pin check is cheap and implies nothing about the next path, so it does not count.
  if (findings_.front().fault != PathFault::kCaNotPinned) ++paths_seen_;
  const PathFinding& gravest = *std::min_element(
      findings_.begin(), findings_.end(), [](const PathFinding& a, const PathFinding& b) {
        return a.fault != b.fault ? a.fault < b.fault : a.depth < b.depth;
      });
  // The key that signed the leaf is the same on every path, so this verdict is final.
  if (gravest.fault == PathFault::kRevoked && gravest.depth == 0) final_ = true;
  const bool better =
      fewest_findings_ == 0 || findings_.size() < fewest_findings_ ||
      (findings_.size() == fewest_findings_ && gravest.fault > failure_.finding.fault);
  if (!better && !final_) return;
  fewest_findings_ = findings_.size();
  failure_ = {Failure::Kind::kFinding, gravest, path_[gravest.depth], gravest.depth};
}

// Called when no known certificate has signed the last one. While no path has reached an anchor,
// the dead end farthest up is the best reason.
void PathBuilder::ReportDeadEnd(bool bad_signature) {
  if (fewest_findings_ != 0) return;
  const size_t depth = path_.size() - 1;
  // An unknown root with the name of a trusted one is reported as unknown, not as a bad signature.
  const bool damaged = bad_signature && !path_.back()->self_issued();
  const bool same_depth_better = damaged && depth == failure_.depth;
  if (depth < failure_.depth || (depth == failure_.depth && !same_depth_better)) return;
  failure_.kind = damaged ? Failure::Kind::kBadSignature : Failure::Kind::kNoIssuer;
  failure_.at_fault = path_.back();
  failure_.depth = depth;
}

}  // namespace mantlet::verify
