// x-forwarded-client-cert, in Envoy's format: a comma-separated list of elements,
// one for each proxy, the newest last; an element is `;`-separated key=value
// pairs. Pure.
//
// Readers in the field differ about the backslash in a quoted value: some
// undo only `\"`, some undo a backslash before anything, and Envoy itself writes
// names without any escaping of its own. What is written here means the same to
// all of them as far as structure goes: a quoted value never holds `\\`, never
// ends in a backslash, and every `"` inside is `\"`. A distinguished name
// keeps its RFC 2253 escapes, except that an escaped quote or backslash is
// written as its hexadecimal pair (`\22`, `\5C`; RFC 2253 section 2.4 has them
// mean the same). A URI or DNS name with a backslash is not sent at all.

#ifndef MANTLET_PROXY_IDENTITY_XFCC_H_
#define MANTLET_PROXY_IDENTITY_XFCC_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

struct XfccOptions {
  const std::vector<config::XfccField>& fields;
  bool with_certificate = true;  // false leaves out Cert even if `fields` has it
  bool with_chain = true;        // the same for Chain
  bool with_names = true;        // the same for URI and DNS
};

// Our element for a peer with a verified certificate; empty if there is nothing
// to say. Adds to *unsafe_fields what could not be sent (see IsSafeText()).
std::string RenderXfccElement(const XfccOptions& options, const PeerIdentity& peer,
                              size_t* unsafe_fields);

// Whether a list that a peer sent has one reading only, so that an element of
// ours may be put behind it: every quote closed, every pair a key and a value.
bool IsWellFormedXfcc(std::string_view list);

// A distinguished name in RFC 2253 form with `\"` as `\22` and `\\` as `\5C`.
// Nothing if it ends inside an escape or has a bare quote.
std::optional<std::string> QuotableName(std::string_view rfc2253);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_XFCC_H_
