// NameLookup resolves host names without blocking the loop.
//
// The system's resolver blocks, for seconds if a name server does not respond, and cannot be
// interrupted. So SystemNameLookup starts a detached thread for each lookup: a name whose servers
// do not respond delays neither other names nor the end of the process.
//
// One loop's thread only.

#ifndef MANTLET_PROXY_IO_NAME_LOOKUP_H_
#define MANTLET_PROXY_IO_NAME_LOOKUP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

class NameLookup {
 public:
  // At least one address, or the reason why there is none.
  using Answer = absl::StatusOr<std::vector<SocketAddress>>;
  using Done = std::function<void(Answer)>;

  virtual ~NameLookup() = default;

  // Calls `done` once, in a later turn of the loop, and never after this object is destroyed.
  virtual void Start(const std::string& host, uint16_t port, Done done) = 0;
};

class SystemNameLookup final : public NameLookup {
 public:
  // The maximum number of threads; a lookup beyond that fails at once.
  static constexpr int kMostLookups = 256;

  explicit SystemNameLookup(Loop& loop);
  ~SystemNameLookup() override;
  SystemNameLookup(const SystemNameLookup&) = delete;
  SystemNameLookup& operator=(const SystemNameLookup&) = delete;

  void Start(const std::string& host, uint16_t port, Done done) override;

 private:
  struct Mailbox;  // shared by the threads and the loop; outlives both
  struct Job;

  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_NAME_LOOKUP_H_
