// SameName compares two distinguished names (RFC 5280, 7.1: letter case, repeated blanks and the
// string type do not count). It is the only comparison of names; encodings are never compared.

#ifndef MANTLET_PROXY_X509_CANONICAL_NAME_H_
#define MANTLET_PROXY_X509_CANONICAL_NAME_H_

#include <string>
#include <vector>

struct X509_name_st;  // openssl's X509_NAME

namespace mantlet::x509 {

// A form in which equal names are equal: one element for each relative distinguished name, the
// least specific first, so that a name lies within a subtree if the subtree's elements are its
// first ones.
using CanonicalName = std::vector<std::string>;

CanonicalName Canonicalize(const X509_name_st* name);

// Whether the two are one name: whether Canonicalize() makes the same of them, only
// faster, for the library keeps such a form with each name.
bool SameName(const X509_name_st* a, const X509_name_st* b);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CANONICAL_NAME_H_
