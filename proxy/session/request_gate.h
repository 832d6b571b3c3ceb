// RequestGate decides whether a request may be forwarded. It rejects a host that does not belong to
// the connection (421), an ambiguous path (400), and a request that the listener's policy denies
// (403). The caller counts and logs the result.
//
// One exchange owns it and reuses its memory for one request after the other. One loop's thread
// only.

#ifndef MANTLET_PROXY_SESSION_REQUEST_GATE_H_
#define MANTLET_PROXY_SESSION_REQUEST_GATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"
#include "proxy/http/request_path.h"
#include "proxy/policy/policy.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/listener_state.h"

namespace mantlet::session {

class RequestGate {
 public:
  struct Verdict {
    std::optional<base::ProxyError> refusal;  // nullopt if the request may be forwarded
    // The name of the deciding rule, owned by the listener's policy. Empty if the policy has no
    // rules or was not evaluated.
    std::string_view rule;
    // The number of the rule that denied the request, for ListenerState::denials.
    std::optional<uint32_t> denied_by;
  };

  // Check evaluates a new request.
  Verdict Check(const ListenerState& listener, const ClientFacts& client,
                const http::RequestHead& head);
  // Recheck evaluates the policy of `listener`, a newer state, for the request of the last Check(),
  // which has become a tunnel.
  Verdict Recheck(const ListenerState& listener, const ClientFacts& client,
                  const http::RequestHead& head);

  // Returns the normalized request-target that the policy was evaluated for, to be sent to the
  // upstream; empty if the client's own is to be sent. Valid until the next Check().
  std::string_view target() const { return normalized_ ? path_->target() : std::string_view(); }

 private:
  Verdict AskPolicy(const ListenerState& listener, const ClientFacts& client,
                    const http::RequestHead& head);

  policy::ConnectionView client_;
  std::unique_ptr<http::RequestPath> path_;  // created when a policy needs it
  bool normalized_ = false;                  // path_ belongs to this request
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REQUEST_GATE_H_
