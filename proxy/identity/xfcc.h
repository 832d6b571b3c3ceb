// Writes and checks x-forwarded-client-cert in Envoy's format: a comma-separated list of elements,
// one for each proxy, the newest last. An element is a list of key=value pairs with `;` between
// them. Pure.
//
// Existing readers interpret the backslash in a quoted value differently: some unescape only `\"`,
// some unescape a backslash before any character, and Envoy itself writes names without additional
// escaping. The output of this module has the same structure for all of them: a quoted value never
// contains `\\`, never ends in a backslash, and every `"` inside is `\"`. A distinguished name
// keeps its RFC 2253 escapes, except that an escaped quote or backslash is written as its
// equivalent hexadecimal pair (`\22`, `\5C`; RFC 2253 section 2.4). A URI or DNS name with a
// backslash is not sent.

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

// Returns the element for a peer with a verified certificate; empty if there is nothing to send.
// Adds the number of values that could not be sent (see IsSafeText()) to *unsafe_fields.
std::string RenderXfccElement(const XfccOptions& options, const PeerIdentity& peer,
                              size_t* unsafe_fields);

// Returns whether all readers parse a list from a peer in the same way, so that an element may be
// appended to it: every quote is closed, and every pair is a key and a value.
bool IsWellFormedXfcc(std::string_view list);

// Returns a distinguished name in RFC 2253 form with `\"` written as `\22` and `\\` as `\5C`.
// Returns nullopt if it ends inside an escape or contains an unescaped quote.
std::optional<std::string> QuotableName(std::string_view rfc2253);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_XFCC_H_
