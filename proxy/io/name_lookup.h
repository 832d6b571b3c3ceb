// Asks the system's resolver for the addresses of a name without waiting for it.
//
// The resolver blocks, for seconds if a name server does not answer, and cannot be
// interrupted. So each lookup has a detached thread of its own: a name whose servers
// are silent delays neither another name nor the end of the process.
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
  // At least one address, or a sentence about why there is none.
  using Answer = absl::StatusOr<std::vector<SocketAddress>>;
  using Done = std::function<void(Answer)>;

  virtual ~NameLookup() = default;

  // `done` is called once, on a later turn of the loop; never after this object is gone.
  virtual void Start(const std::string& host, uint16_t port, Done done) = 0;
};

class SystemNameLookup final : public NameLookup {
 public:
  // Threads at a time; a lookup beyond that fails at once.
  static constexpr int kMostLookups = 256;

  explicit SystemNameLookup(Loop& loop);
  ~SystemNameLookup() override;
  SystemNameLookup(const SystemNameLookup&) = delete;
  SystemNameLookup& operator=(const SystemNameLookup&) = delete;

  void Start(const std::string& host, uint16_t port, Done done) override;

 private:
  struct Mailbox;  // what the threads share with the loop; outlives both
  struct Job;

  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_NAME_LOOKUP_H_
