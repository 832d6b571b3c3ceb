// PathFault is one thing that is wrong with a path: a value that becomes a label and a
// sentence only when it is reported.

#ifndef MANTLET_PROXY_VERIFY_PATH_FAULT_H_
#define MANTLET_PROXY_VERIFY_PATH_FAULT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/base/handshake_failure.h"
#include "proxy/verify/path_certificate.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::verify {

// Later ones are the more telling: of two paths that each have one fault, the one
// that only the calendar or a revocation list speaks against is what was meant.
enum class PathFault {
  kDefect,              // PathCertificate::defect()
  kNoName,              // a CA without a name
  kNotCa,               // basic constraints
  kMayNotSign,          // a CA's key usage
  kPurpose,             // extended key usage
  kMayNotAuthenticate,  // a leaf's key usage
  kWeakKey,
  kWeakSignature,
  kPathLength,  // a path length constraint of its own
  kTooDeep,     // our limit
  kPolicy,
  kNameConstraint,
  kCaNotPinned,
  kNotYetValid,
  kExpired,
  kCrlMissing,
  kCrlExpired,
  kRevoked,
};

struct PathFinding {
  PathFault fault = PathFault::kDefect;
  size_t depth = 0;    // of the certificate at fault; 0 is the leaf
  std::string detail;  // where the fault itself does not say it all
};

// Where a certificate stands on the path.
enum class PathRole { kLeaf, kIntermediate, kAnchor };

struct PathRules {
  uint32_t extended_key_usage = 0;  // bits of XKU_…; one of them has to be there
  uint32_t leaf_key_usage = 0;      // bits of KU_…; likewise
  int max_depth = 4;                // intermediates, self-issued ones not counted
  bool partial_chain = false;
  int64_t now = 0;
  Expired expired = Expired::kRefuse;
};

// What speaks against a certificate in its role, whatever the rest of the path is;
// the first of several.
std::optional<PathFault> FaultOf(const PathCertificate& certificate, PathRole role,
                                 const PathRules& rules);

base::HandshakeFailure FailureOf(const PathFinding& finding, const PathCertificate& certificate);

// Returns the sentence for operators. `rules`: those the path was validated by.
std::string Explain(const PathFinding& finding, const PathCertificate& certificate,
                    const PathRules& rules);

// Of a leaf whose key usage does not allow to sign a handshake.
std::string ExplainKeyUsage(x509_st* leaf);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_FAULT_H_
