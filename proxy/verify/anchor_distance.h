// AnchorDistance returns how many certificates, by names alone, lie between a known certificate and
// a trust anchor. A search among many candidates tries the nearest first and leaves out those from
// which no anchor can be reached. It lives for one verification.

#ifndef MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_
#define MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_

#include <unordered_map>
#include <vector>

#include "proxy/verify/anchor_index.h"
#include "proxy/verify/path_certificate.h"

namespace mantlet::verify {

class AnchorDistance {
 public:
  // A distance longer than any path.
  static constexpr int kUnreachable = 1000;

  // If `partial_chain` is true, every anchor ends a path; otherwise only a self-signed one does.
  // All arguments must outlive this object. The cost is quadratic in the number of presented
  // certificates and of anchors that end no path; each step compares two short strings.
  AnchorDistance(const AnchorIndex& anchors, bool partial_chain,
                 const std::vector<const PathCertificate*>& presented);

  // Returns 1 if an anchor that ends a path has the name of this certificate's issuer.
  int Of(const PathCertificate& certificate) const;

 private:
  std::unordered_map<const PathCertificate*, int> distances_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_ANCHOR_DISTANCE_H_
