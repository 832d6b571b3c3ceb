// SameName compares two distinguished names (RFC 5280, 7.1: letter case, repeated blanks and the
// string type do not count). It is the only comparison of names; encodings are never compared.

#ifndef MANTLET_PROXY_X509_CANONICAL_NAME_H_
#define MANTLET_PROXY_X509_CANONICAL_NAME_H_

#include <string>
#include <vector>

struct X509_name_st;  // openssl's X509_NAME

namespace mantlet::x509 {

// CanonicalName is a form of a name in which equal names have equal elements: one for each relative
// distinguished name, the least specific first. So a name is within a subtree if it starts with the
// subtree's elements.
using CanonicalName = std::vector<std::string>;

CanonicalName Canonicalize(const X509_name_st* name);

// Returns whether two names are the same, like a comparison of Canonicalize(), but faster, because
// the library stores such a form with each name.
bool SameName(const X509_name_st* a, const X509_name_st* b);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CANONICAL_NAME_H_
