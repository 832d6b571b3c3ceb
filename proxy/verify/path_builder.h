// PathBuilder searches for a path from a presented leaf to a trust anchor that satisfies RFC 5280,
// 6.1, in the way of RFC 4158: from the leaf up. Candidates are found by name. The most promising
// ones come first (matching key identifier, no fault, nearest to an anchor), and all others are
// tried by backtracking.
//
// The usual chain of leaf, intermediates and a matching anchor costs one signature check per
// certificate and nothing else. For any input, the work ends at SignatureMemo::kBudget signature
// checks, kMaxSteps candidates and kMaxComparisons of names with name constraints: a few
// milliseconds.
//
// There are two passes. The first skips faulty certificates and accepts the path that it finds.
// Only if it finds none, the second pass also follows faulty certificates to find the reason: it is
// taken from the path with the fewest faults.
//
// Pure; lives for one verification, on one thread.
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

  // The last check of a path() that is otherwise valid: revocation and pins.
  using LastCheck = std::function<std::optional<PathFinding>(PathBuilder& builder)>;

  // Failure is why there is no path.
  struct Failure {
    enum class Kind { kFinding, kNoIssuer, kBadSignature, kTooMuchWork };
    Kind kind = Kind::kNoIssuer;
    PathFinding finding;  // kFinding
    const PathCertificate* at_fault = nullptr;
    size_t depth = 0;  // depth of `at_fault`
  };

  // `anchors` and `chain` must outlive the builder and its results.
  PathBuilder(const AnchorIndex* anchors, const PresentedChain& chain, const PathRules& rules,
              LastCheck last_check);

  // Returns true if path() is valid, or false if failure() has the reason. Must be called once.
  bool Build();

  const Path& path() const { return path_; }

  // ListSigner is a certificate that may vouch for the signature of a revocation list.
  struct ListSigner {
    const PathCertificate* certificate = nullptr;
    // Its own path to the trust anchor is valid, revocation aside.
    bool stands = false;
    // It is neither on path() nor an anchor that ends paths, so its revocation has to be checked
    // separately. Its issuer is the CA above the one whose name it has.
    bool beside_path = false;
  };

  // For the last check. `certificate` was issued by path()[issuer_depth]. Returns every known
  // certificate with the key that signed it, the path's own first.
  Path IssuersWithItsKey(const PathCertificate& certificate, size_t issuer_depth);
  // Returns the CAs with the name of path()[issuer_depth] and other keys that the same trust anchor
  // vouches for: a CA that has changed its key signs a single list, with the new key, for all
  // certificates that it ever issued (RFC 5280, 6.3.3 (f)).
  std::vector<ListSigner> IssuersWithOtherKeys(size_t issuer_depth);
  const Failure& failure() const { return failure_; }
  int signature_checks() const { return signatures_.checks(); }

 private:
  struct Candidate {
    const PathCertificate* certificate = nullptr;
    bool ends_path = false;
    bool key_may_fit = true;   // the key identifiers do not contradict
    bool unreachable = false;  // by names alone, no path leads from it to an anchor
    int rank = 0;              // the least is the most promising
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

  // Results of signature checks; both passes use them.
  SignatureMemo signatures_;
  std::unordered_map<const PathCertificate*, std::vector<Candidate>> issuers_;
  std::unordered_map<const PathCertificate*, x509::SubjectNames> names_;
  std::optional<AnchorDistance> distance_;  // created if there is a choice
  int steps_ = kMaxSteps;
  int64_t comparisons_ = kMaxComparisons;

  // The current path, and its faults (second pass only).
  Path path_;
  std::vector<PathFinding> findings_;
  bool tolerant_ = false;

  // The best reason so far.
  Failure failure_;
  size_t fewest_findings_ = 0;  // of a path that reached an anchor; 0: none did
  int paths_seen_ = 0;
  bool final_ = false;  // no other path can have a better reason
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_BUILDER_H_
