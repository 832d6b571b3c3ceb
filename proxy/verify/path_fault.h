// PathFault is one fault of a path. It is converted to a label and a sentence only when it is
// reported.

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

// Later faults describe the problem better: between two paths with one fault each, a path that only
// validity or a revocation list rejects is the one intended.
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
  kTooDeep,     // our own limit
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
  size_t depth = 0;    // depth of the certificate at fault; 0 is the leaf
  std::string detail;  // replaces the fault's own sentence if not empty
};

// PathRole is the position of a certificate on the path.
enum class PathRole { kLeaf, kIntermediate, kAnchor };

struct PathRules {
  uint32_t extended_key_usage = 0;  // bits of XKU_…; at least one is required
  uint32_t leaf_key_usage = 0;      // bits of KU_…; at least one is required
  int max_depth = 4;                // intermediates, not counting self-issued ones
  bool partial_chain = false;
  int64_t now = 0;
  Expired expired = Expired::kRefuse;
};

// Returns the first fault of a certificate in its role, regardless of the rest of the path, or
// nullopt.
std::optional<PathFault> FaultOf(const PathCertificate& certificate, PathRole role,
                                 const PathRules& rules);

base::HandshakeFailure FailureOf(const PathFinding& finding, const PathCertificate& certificate);

// Returns a sentence for operators. `rules` are the rules that the path was validated with.
std::string Explain(const PathFinding& finding, const PathCertificate& certificate,
                    const PathRules& rules);

// Returns a sentence about a leaf whose key usage does not allow signing a handshake.
std::string ExplainKeyUsage(x509_st* leaf);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_FAULT_H_
