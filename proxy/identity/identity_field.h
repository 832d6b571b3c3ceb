// Returns identity fields as header values, for `identity_headers: set:`. Pure.

#ifndef MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_
#define MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_

#include <cstddef>
#include <string>

#include "config/config.h"
#include "proxy/identity/peer_identity.h"

namespace mantlet::identity {

// Returns the value of a field, or an empty string if the field is absent: there is no certificate,
// the certificate has no such name, or the text cannot be sent in a header (then *unsafe_fields is
// incremented for each value). `verify` is never empty; it is the only field of a certificate that
// was not verified. Several names are joined with commas; a name that contains a comma is left out
// and counted.
std::string FieldValue(config::IdentityField field, const PeerIdentity& peer,
                       size_t* unsafe_fields);

// Returns the field `verify`: "SUCCESS", "NONE" or "FAILED:reason".
std::string VerifyText(const PeerIdentity& peer);

// Returns whether the field holds the whole certificate, and so most of the bytes.
bool HoldsCertificate(config::IdentityField field);
// Returns whether the field holds a list of names, which may be long.
bool HoldsNames(config::IdentityField field);

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_IDENTITY_FIELD_H_
