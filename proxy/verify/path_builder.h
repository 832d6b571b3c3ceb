// PathBuilder searches for a path from a presented leaf to a trust anchor that
// satisfies RFC 5280, 6.1, as RFC 4158 advises: from the leaf up, candidates found
// by name, the promising ones first (whose key identifier fits, who have no fault, who
// are nearest to an anchor), with backtracking over all others.
//
// The usual chain, leaf and intermediates and an anchor that fits, costs one
// signature check per certificate and nothing else. Whatever a peer sends, the work
// ends at SignatureMemo::kBudget signature checks, kMaxSteps candidates and
// kMaxComparisons of names with name constraints: a few milliseconds.
//
// Two passes. The first leaves out whatever has a fault, and accepts what it finds.
// Only if it finds nothing, the second follows faulty certificates, too, for the
// sake of the reason: the path with the fewest faults says why.
//
// Pure; lives for one verification, on one thread.

#ifndef MANTLET_PROXY_VERIFY_PATH_BUILDER_H_
#define MANTLET_PROXY_VERIFY_PATH_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "proxy/verify/anchor_distance.h"
#include "proxy/verify/anchor_index.h"
#include "proxy/verify/path_certificate.h"
#include "proxy/verify/path_fault.h"
#include "proxy/verify/presented_chain.h"
#include "proxy/verify/signature_memo.h"
#include "proxy/x509/subject_names.h"

namespace mantlet::verify {

class PathBuilder {
 public:
  static constexpr int kMaxSteps = 2000;
  static constexpr int64_t kMaxComparisons = 100'000;

  // Leaf first, trust anchor last.
  using Path = std::vector<const PathCertificate*>;

  // The last word on path(), which is good otherwise: revocation.
  using LastCheck = std::function<std::optional<PathFinding>(PathBuilder& builder)>;

  // Why there is no path.
  struct Failure {
    enum class Kind { kFinding, kNoIssuer, kBadSignature, kTooMuchWork };
    Kind kind = Kind::kNoIssuer;
    PathFinding finding;  // kFinding
    const PathCertificate* at_fault = nullptr;
    size_t depth = 0;  // of `at_fault`
  };

  // `anchors` and `chain` must outlive the builder and its results.
  PathBuilder(const AnchorIndex* anchors, const PresentedChain& chain, const PathRules& rules,
              LastCheck last_check);

  // True: path() is the path. False: failure() says why not. To be called once.
  bool Build();

  const Path& path() const { return path_; }

  // A certificate that may vouch for the signature of a revocation list.
  struct ListSigner {
    const PathCertificate* certificate = nullptr;
    // Nothing but revocation speaks against its own path to the trust anchor.
    bool stands = false;
    // It is neither on path() nor an anchor that ends paths, so whether it was revoked has
    // to be asked separately. Its issuer is the CA above the one whose name it bears.
    bool beside_path = false;
  };

  // For the last check. `certificate` was issued by path()[issuer_depth]: every
  // certificate at hand that bears the key which signed it, the path's own first.
  Path IssuersWithItsKey(const PathCertificate& certificate, size_t issuer_depth);
  // And the CAs of the name of path()[issuer_depth] with other keys, for which the same
  // trust anchor vouches: a CA that has changed its key signs one list, with the new
  // one, for all that it ever issued (RFC 5280, 6.3.3 (f)).
  std::vector<ListSigner> IssuersWithOtherKeys(size_t issuer_depth);
  const Failure& failure() const { return failure_; }
  int signature_checks() const { return signatures_.checks(); }

 private:
  struct Candidate {
    const PathCertificate* certificate = nullptr;
    bool ends_path = false;
    bool key_may_fit = true;   // the key identifiers do not say otherwise
    bool unreachable = false;  // going by names, no path leads from it to an anchor
    int rank = 0;              // how promising; the least first
  };

  bool Search(bool tolerant);
  bool Extend();
  bool Admit(const Candidate& candidate);
  bool Conclude();
  const std::vector<Candidate>& IssuersOf(const PathCertificate& certificate);
  Candidate NewCandidate(const PathCertificate& certificate, const PathCertificate& issuer,
                         bool ends_path) const;
  void Sort(std::vector<Candidate>* candidates);
  bool IsOnPath(const PathCertificate& certificate) const;
  bool IsSigned(const PathCertificate& certificate, const PathCertificate& issuer);
  bool Note(PathFault fault, size_t depth, std::string detail = "");
  bool CheckPathLength(const PathCertificate& issuer, bool ends_path);
  bool CheckNameConstraints(const PathCertificate& issuer);
  bool PoliciesHoldAlongPath() const;
  bool PoliciesHoldFor(const PathCertificate& last, size_t issuer_depth) const;
  bool MaySignLists(const PathCertificate& signer) const;
  bool ConstraintsAllow(const PathCertificate& signer, size_t issuer_depth);
  void ReportPath();
  void ReportDeadEnd(bool bad_signature);
  bool Finished() const;

  const AnchorIndex* anchors_;
  PathRules rules_;
  LastCheck last_check_;
  std::vector<std::unique_ptr<const PathCertificate>> presented_;

  // What was found out so far; it holds for both passes.
  SignatureMemo signatures_;
  std::unordered_map<const PathCertificate*, std::vector<Candidate>> issuers_;
  std::unordered_map<const PathCertificate*, x509::SubjectNames> names_;
  std::optional<AnchorDistance> distance_;  // made when there is a choice
  int steps_ = kMaxSteps;
  int64_t comparisons_ = kMaxComparisons;

  // The path as far as it goes, and what speaks against it (second pass only).
  Path path_;
  std::vector<PathFinding> findings_;
  bool tolerant_ = false;

  // The best reason so far.
  Failure failure_;
  size_t fewest_findings_ = 0;  // of the paths that reached an anchor; 0: none did
  int paths_seen_ = 0;
  bool final_ = false;  // no other path can do better
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_BUILDER_H_
