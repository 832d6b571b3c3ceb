#include "proxy/session/request_gate.h"

#include <string>
#include <utility>

#include "proxy/http/authority.h"

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

namespace {

// Returns whether a request is for another host than the server name of the handshake. A client
// that connects to an IP address sends no server name (RFC 6066 section 3).
bool IsAnotherHost(std::string_view host, std::string_view server_name) {
  if (!server_name.empty()) return host != server_name;
  return !http::IsAddressLiteral(host);
}

// Returns an error if the connection must not be used for this request (RFC 9110 section 15.5.20).
std::optional<ProxyError> CheckMisdirected(const ListenerState& listener, const ClientFacts& client,
                                           const http::RequestHead& head) {
  if (head.authority.empty()) return std::nullopt;
  // Rules that match the server name would be useless if a request could name another host.
  const bool sni_decides =
      listener.policy != nullptr && listener.policy->asks_for_sni() && client.peer != nullptr;
  if (!sni_decides && !client.served.restricts_hosts()) return std::nullopt;
  const std::string host = http::HostName(head.authority);
  if (sni_decides && IsAnotherHost(host, client.peer->tls.sni)) {
    return ProxyError(
        ErrorReason::kMisdirected,
        "the Host differs from the server name of the handshake, and policy rules use that name");
  }
  // The certificate that this connection began with decides, even after a reload.
  if (client.served.IsAuthoritativeFor(host)) return std::nullopt;
  return ProxyError(ErrorReason::kMisdirected,
                    "the Host belongs to another certificate than that of this connection");
}

}  // namespace

RequestGate::Verdict RequestGate::Check(const ListenerState& listener, const ClientFacts& client,
                                        const http::RequestHead& head) {
  normalized_ = false;
  if (auto error = CheckMisdirected(listener, client, head)) return {std::move(error), {}, {}};
  return AskPolicy(listener, client, head);
}

RequestGate::Verdict RequestGate::Recheck(const ListenerState& listener, const ClientFacts& client,
                                          const http::RequestHead& head) {
  return AskPolicy(listener, client, head);
}

// The path that the rules are evaluated for is also the path that is sent to the upstream.
RequestGate::Verdict RequestGate::AskPolicy(const ListenerState& listener,
                                            const ClientFacts& client,
                                            const http::RequestHead& head) {
  const policy::Policy& policy = *listener.policy;
  client_.Refresh(listener.policy, client.peer);
  if (policy.asks_for_path() && !normalized_) {
    if (path_ == nullptr) path_ = std::make_unique<http::RequestPath>();
    if (const auto refused = path_->Normalize(head.target)) {
      return {ProxyError::OfRequest(ErrorReason::kBadRequest, *refused), {}, {}};
    }
    normalized_ = true;
  }
  const std::string_view path = normalized_ ? std::string_view(path_->decoded()) : "";
  const policy::Decision decision = policy.Decide({client_, head.method_text, path});
  Verdict verdict;
  if (policy.rule_count() > 0 || !decision.permit) verdict.rule = policy.rule_name(decision.rule);
  if (decision.permit) return verdict;
  verdict.refusal = ProxyError(ErrorReason::kPolicyDenied);
  verdict.denied_by = decision.rule;
  return verdict;
}

}  // namespace mantlet::session
