// The addresses of all upstreams: keeps asking for those that have a name, and says
// when there are others.
//
// No lookup holds up anything else, and none decides about anything but its own
// upstream. What is known stays in use until there is a better answer: a name that
// cannot be resolved any more keeps its addresses. Names are asked for when they are new,
// every `resolve_interval`, after a failure (0.5 s, 1 s, 2 s …), and at once when
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
  // `publish`: a target that is in use has been replaced by this one. All that is passed
  // in outlives the resolver.
  UpstreamResolver(io::Loop& loop, base::Logger& logger, observe::Metrics& metrics,
                   io::NameLookup& lookup, std::function<void(upstream::TargetPtr)> publish);
  ~UpstreamResolver();
  UpstreamResolver(const UpstreamResolver&) = delete;
  UpstreamResolver& operator=(const UpstreamResolver&) = delete;

  // The target of `config` with what is known now: the one in use if nothing differs.
  // Asks nobody and changes nothing.
  absl::StatusOr<upstream::TargetPtr> TargetOf(const config::Upstream& config) const;
  // These are in use from now on, and no others.
  void Use(const std::vector<upstream::TargetPtr>& targets);
  // Asks for all names again, but for those that are being asked for.
  void Refresh();
  // Connections to the known addresses fail.
  void Unreachable(const std::string& upstream);

  // A sentence for each upstream whose name cannot be resolved at present.
  std::vector<std::string> Unresolved() const;

 private:
  struct Entry;

  void Ask(Entry& entry);
  void OnAnswer(Entry& entry, io::NameLookup::Answer answer);
  void OnFailure(Entry& entry, const std::string& error);
  void OnNoAnswerYet(Entry& entry);
  void Replace(Entry& entry, std::vector<io::SocketAddress> addresses, std::string unresolved);
  void AskIn(Entry& entry, int64_t delay_ms);

  io::Loop& loop_;
  base::Logger& logger_;
  observe::Metrics& metrics_;
  io::NameLookup& lookup_;
  std::function<void(upstream::TargetPtr)> publish_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by upstream name
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_UPSTREAM_RESOLVER_H_
