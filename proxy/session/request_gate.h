// RequestGate decides whether a request may be forwarded: whether its host belongs to the
// connection (421), whether its path can be read in one way only (400), and what the
// listener's policy says (403). It counts and logs nothing: the caller does.
//
// Belongs to one exchange and keeps its memory from request to request: it allocates
// nothing once warm. One loop's thread only.

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
    std::optional<base::ProxyError> refusal;  // none: the request may be forwarded
    // The rule that decided, by the name that the listener's policy keeps; empty where the
    // policy has no rules or was not asked.
    std::string_view rule;
    // The number of the rule that refused the request, for ListenerState::denials.
    std::optional<uint32_t> denied_by;
  };

  // Check decides about a request that begins.
  Verdict Check(const ListenerState& listener, const ClientFacts& client,
                const http::RequestHead& head);
  // Recheck asks the policy of `listener`, a newer state, about the request of the last
  // Check(), which has become a tunnel.
  Verdict Recheck(const ListenerState& listener, const ClientFacts& client,
                  const http::RequestHead& head);

  // The request-target to ask the upstream for, in the form that the policy has read; empty:
  // the one that the client sent. Valid until the next Check().
  std::string_view target() const { return normalized_ ? path_->target() : std::string_view(); }

 private:
  Verdict AskPolicy(const ListenerState& listener, const ClientFacts& client,
                    const http::RequestHead& head);

  policy::ConnectionView client_;
  std::unique_ptr<http::RequestPath> path_;  // made when a policy asks for it
  bool normalized_ = false;                  // path_ is the one of this request
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_REQUEST_GATE_H_
