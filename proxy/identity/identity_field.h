// Renders one identity field as a header value, for `identity_headers: set:`. Pure.

#ifndef MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_
#define MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_

#include <cstddef>
#include <string>

#include "config/config.h"
#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// Empty if the field is absent: no certificate, no such name in it, or text that
// has no place in a header (then *unsafe_fields is raised, once for each value).
// `verify` is never empty. Of a certificate that was not verified nothing but
// `verify` is told. Several names are joined with a comma; a name with a comma
// in it is left out and counted.
std::string FieldValue(config::IdentityField field, const PeerIdentity& peer,
                       size_t* unsafe_fields);

// The field `verify`: "SUCCESS", "NONE" or "FAILED:reason".
std::string VerifyText(const PeerIdentity& peer);

// Whether the field holds the whole certificate, and so most of the bytes.
bool HoldsCertificate(config::IdentityField field);
// Whether it holds a list of names, of which there may be any number.
bool HoldsNames(config::IdentityField field);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_
