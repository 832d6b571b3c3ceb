// Compares a name with the subtree of a name constraint (RFC 5280, 4.2.1.10), for each form of name
// that is a text or an address. Pure; the bytes come from a peer and may be malformed.
//
// There are three results: a name that is malformed, or that may stand for several hosts, is
// neither certainly inside nor certainly outside. A permitted subtree requires kInside; an excluded
// one applies unless the result is kOutside.

#ifndef MANTLET_PROXY_X509_NAME_FORMS_H_
#define MANTLET_PROXY_X509_NAME_FORMS_H_

#include <optional>
#include <string_view>

namespace mantlet::x509 {

enum class Within { kInside, kOutside, kUnclear };

// Accepts letters, digits, '-' and '_' in labels of 1 to 63 bytes, with 253 bytes in total.
bool IsHostName(std::string_view name);

// Accepts a constraint on host names, for dNSName, URI and mail domains in the forms of RFC 5280
// and in those that are in use: empty, "example.com" or ".example.com". The last one covers the
// names below the name, without the name itself.
bool IsHostConstraint(std::string_view constraint);

// `name` is a dNSName, which may begin with "*.". A constraint without a leading dot covers the
// host itself and all hosts below it.
Within DnsNameWithin(std::string_view name, std::string_view constraint);

// A constraint with an '@' covers one mailbox, whose local part is case-sensitive; one with a
// leading dot covers all mailboxes on hosts below it; any other covers the mailboxes on exactly
// that host.
bool IsMailConstraint(std::string_view constraint);
Within MailboxWithin(std::string_view mailbox, std::string_view constraint);

// Returns the host of a URI's authority. Returns nullopt if there is no authority or if its host is
// empty, an address or escaped: constraints cannot be applied to these.
std::optional<std::string_view> UriHost(std::string_view uri);

// A constraint without a leading dot covers exactly that host.
Within UriWithin(std::string_view uri, std::string_view constraint);

// Accepts an address and a mask of the same length, 4 + 4 or 16 + 16 bytes; the ones of the mask
// come first.
bool IsAddressConstraint(std::string_view constraint);
Within AddressWithin(std::string_view address, std::string_view constraint);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_NAME_FORMS_H_
