#include "proxy/verify/anchor_distance.h"

#include <algorithm>

namespace mantlet::verify {

AnchorDistance::AnchorDistance(const AnchorIndex& anchors, bool partial_chain,
                               const std::vector<const PathCertificate*>& presented) {
  std::vector<const PathCertificate*> nodes = presented;
  if (!partial_chain) {
    nodes.insert(nodes.end(), anchors.intermediates().begin(), anchors.intermediates().end());
  }
  std::vector<const PathCertificate*> far, frontier;
  for (const PathCertificate* node : nodes) {
    std::vector<const AnchorIndex::Anchor*> issuers;
    anchors.Find(node->issuer(), &issuers);
    const bool ends = std::any_of(issuers.begin(), issuers.end(), [&](const auto* anchor) {
      return partial_chain || anchor->self_signed;
    });
    (ends ? frontier : far).push_back(node);
  }
  for (int distance = 1; !frontier.empty(); ++distance) {
    for (const PathCertificate* node : frontier) distances_.emplace(node, distance);
    // A certificate whose issuer is in the frontier is one step farther away.
    auto next = std::stable_partition(far.begin(), far.end(), [&](const PathCertificate* node) {
      return std::none_of(frontier.begin(), frontier.end(), [&](const PathCertificate* issuer) {
        return node->NamesAsIssuer(*issuer);
      });
    });
    frontier.assign(next, far.end());
    far.erase(next, far.end());
  }
}

int AnchorDistance::Of(const PathCertificate& certificate) const {
  auto found = distances_.find(&certificate);
  return found == distances_.end() ? kUnreachable : found->second;
}

}  // namespace mantlet::verify
