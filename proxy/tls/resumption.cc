#include "proxy/tls/resumption.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "proxy/tls/peer_chain.h"
#include "proxy/verify/client_check.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {

using base::ResumptionRefusal;

namespace {

bssl::UniquePtr<SSL_SESSION> ParseSession(const ServerContext& context, std::string_view bytes) {
  bssl::UniquePtr<SSL_SESSION> session(
      SSL_SESSION_from_bytes(x509::Data(bytes), bytes.size(), context.ssl_ctx()));
  if (session == nullptr) ERR_clear_error();
  return session;
}

}  // namespace

std::optional<ResumptionRefusal> ValidateTicket(const ServerContext& context,
                                                verify::ClientVerdictCache& verdicts,
                                                std::string_view ticket,
                                                std::string_view server_name,
                                                std::optional<Resumption>* resumption) {
  const base::Clock& clock = *context.options().clock;
  std::optional<SessionTickets::Opened> opened =
      context.tickets()->Open(ticket, clock.MonotonicMs());
  if (!opened.has_value()) return ResumptionRefusal::kUnknownTicket;
  bssl::UniquePtr<SSL_SESSION> session = ParseSession(context, opened->session);
  if (session == nullptr) return ResumptionRefusal::kUnknownTicket;
  if (opened->terms.server_name != server_name) return ResumptionRefusal::kServerName;

  const int64_t now = clock.WallSeconds();
  Resumption accepted;
  accepted.valid_until = std::numeric_limits<int64_t>::max();
  const std::vector<std::string_view> ders =
      PeerChain(SSL_SESSION_get0_peer_certificates(session.get()));
  if (ders.empty()) {
    if (context.options().client_auth == config::ClientAuthMode::kRequire) {
      return ResumptionRefusal::kNoClientCertificate;
    }
  } else {
    // A session with a client chain on a listener that requests none was established under other
    // rules.
    if (context.verifier() == nullptr) return ResumptionRefusal::kOther;
    verify::ClientCheck check = verdicts.Check(*context.verifier(), ders, now);
    if (!check.verdict.ok()) return base::RefusalFor(*check.verdict.failure);
    accepted.certificate = std::move(check.certificate);
    accepted.valid_until = check.verdict.valid_until;
  }
  if (!opened->terms.Covers(now)) return ResumptionRefusal::kSessionLifetime;
  accepted.terms = std::move(opened->terms);
  accepted.terms.deadline = std::min(accepted.terms.deadline, accepted.valid_until);
  accepted.session = std::move(opened->session);
  *resumption = std::move(accepted);
  return std::nullopt;
}

}  // namespace mantlet::tls
