// Compares a name with the subtree that a name constraint spans (RFC 5280, 4.2.1.10), for each
// form of name that is text or an address. Pure; the bytes are a peer's and may be anything.
//
// Two results are not enough: a name that is malformed, or that could stand for several hosts, is
// neither certainly inside nor certainly outside. A permitted subtree requires kInside; an
// excluded one applies unless the result is kOutside.

#ifndef MANTLET_PROXY_X509_NAME_FORMS_H_
#define MANTLET_PROXY_X509_NAME_FORMS_H_

#include <optional>
#include <string_view>

namespace mantlet::x509 {

enum class Within { kInside, kOutside, kUnclear };

// Letters, digits, '-', '_' in labels of 1 to 63 bytes, 253 bytes in all.
bool IsHostName(std::string_view name);

// A constraint on host names, as RFC 5280 wants it for dNSName, URI and mail
// domains, and as it is found in the wild: empty, "example.com" or ".example.com".
// The latter spans what is below the name, without the name itself.
bool IsHostConstraint(std::string_view constraint);

// A dNSName, which may begin with "*.". A constraint without a leading dot spans
// the host itself and all below it.
Within DnsNameWithin(std::string_view name, std::string_view constraint);

// A constraint with an '@' is one mailbox, whose local part counts case; one with a
// leading dot all mailboxes on hosts below it; another, those on that very host.
bool IsMailConstraint(std::string_view constraint);
Within MailboxWithin(std::string_view mailbox, std::string_view constraint);

// The host of a URI's authority; none if there is no authority or if its host is
// empty, an address or escaped: to these no constraint can be applied.
std::optional<std::string_view> UriHost(std::string_view uri);

// Without a leading dot only the very host fits.
Within UriWithin(std::string_view uri, std::string_view constraint);

// An address and a mask of the same length: 4 + 4 or 16 + 16 bytes, the mask's ones
// first.
bool IsAddressConstraint(std::string_view constraint);
Within AddressWithin(std::string_view address, std::string_view constraint);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_NAME_FORMS_H_
