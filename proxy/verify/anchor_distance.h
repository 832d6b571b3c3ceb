// AnchorDistance returns how many certificates, by names alone, lie between a certificate
// at hand and a trust anchor. A search among many candidates takes the nearest first and
// leaves out those from which no anchor can be reached. Lives for one verification.

#ifndef MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_
#define MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_

#include <unordered_map>
#include <vector>

#include "proxy/verify/anchor_index.h"
#include "proxy/verify/path_certificate.h"

namespace mantlet::verify {

class AnchorDistance {
 public:
  // More than any path has certificates.
  static constexpr int kUnreachable = 1000;

  // `partial_chain`: every anchor ends a path; otherwise only a self-signed one does.
  // Everything must outlive it. Quadratic in the number of certificates presented and
  // of anchors that end no path; each step is a comparison of two short strings.
  AnchorDistance(const AnchorIndex& anchors, bool partial_chain,
                 const std::vector<const PathCertificate*>& presented);

  // 1: an anchor that ends a path bears the name of this certificate's issuer.
  int Of(const PathCertificate& certificate) const;

 private:
  std::unordered_map<const PathCertificate*, int> distances_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_
