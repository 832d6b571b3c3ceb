// UpstreamResolver holds the addresses of all upstreams. It resolves the names of upstreams
// repeatedly and publishes changes of their addresses.
//
// A lookup delays nothing else and affects only its own upstream. Known addresses stay in use until
// a lookup returns others, also while the name cannot be resolved. A name is looked up when it is
// new, every `resolve_interval`, after a failure (0.5 s, 1 s, 2 s …), and immediately when
// connections to the known addresses fail.
//
// Main loop only.

#ifndef MANTLET_PROXY_SERVER_UPSTREAM_RESOLVER_H_
#define MANTLET_PROXY_SERVER_UPSTREAM_RESOLVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/base/log.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"
#include "proxy/io/name_lookup.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/target.h"

namespace mantlet::server {

class UpstreamResolver {
 public:
  // `publish` is called with a target that replaces one in use. All arguments must outlive the
  // resolver.
  UpstreamResolver(io::Loop& loop, base::Logger& logger, observe::Metrics& metrics,
                   io::NameLookup& lookup, std::function<void(upstream::TargetPtr)> publish);
  ~UpstreamResolver();
  UpstreamResolver(const UpstreamResolver&) = delete;
  UpstreamResolver& operator=(const UpstreamResolver&) = delete;

  // Returns the target of `config` with the known addresses, which is the one in use if nothing
  // differs. Starts no lookup and changes nothing.
  absl::StatusOr<upstream::TargetPtr> TargetOf(const config::Upstream& config) const;
  // Replaces the targets in use by `targets`.
  void Use(const std::vector<upstream::TargetPtr>& targets);
  // Returns the target in use of that name, or null.
  upstream::TargetPtr Find(const std::string& upstream) const;
  // Looks up all names again, except those whose lookup is in progress.
  void Refresh();
  // Reports that connections to the known addresses of `upstream` fail.
  void Unreachable(const std::string& upstream);

  // Returns a sentence for each upstream whose name cannot be resolved at present.
  std::vector<std::string> Unresolved() const;

 private:
  struct Entry;

  void StartLookup(Entry& entry);
  void OnAnswer(Entry& entry, io::NameLookup::Answer answer);
  void OnFailure(Entry& entry, const std::string& error);
  void OnNoAnswerYet(Entry& entry);
  void Replace(Entry& entry, std::vector<io::SocketAddress> addresses, std::string unresolved);
  void StartLookupIn(Entry& entry, int64_t delay_ms);

  io::Loop& loop_;
  base::Logger& logger_;
  observe::Metrics& metrics_;
  io::NameLookup& lookup_;
  std::function<void(upstream::TargetPtr)> publish_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by upstream name
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_UPSTREAM_RESOLVER_H_
