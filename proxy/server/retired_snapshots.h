// RetiredSnapshots keeps the parts of replaced snapshots until nothing else uses them. So neither a
// worker nor the main loop, which release them one by one, ever frees a large one: the index of a
// revocation list of 200 MB, or ten thousand trust anchors.
//
// Main loop only. The parts that it returns are to be freed on another thread.

#ifndef MANTLET_PROXY_SERVER_RETIRED_SNAPSHOTS_H_
#define MANTLET_PROXY_SERVER_RETIRED_SNAPSHOTS_H_

#include <memory>
#include <set>
#include <vector>

#include "proxy/server/snapshot.h"

namespace mantlet::server {

class RetiredSnapshots {
 public:
  using Part = std::shared_ptr<const void>;

  // `snapshot` has been replaced; null does nothing. Parts that its successor shares are kept, too.
  void Add(SnapshotPtr snapshot);
  // Returns the parts that nothing else uses. A part may keep others in use until it is freed.
  std::vector<Part> TakeUnused();

 private:
  std::set<Part> parts_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RETIRED_SNAPSHOTS_H_
