// When two distinguished names are the same (RFC 5280, 7.1: letter case and repeated
// blanks mean nothing, nor does the string type). Whoever asks whether one name is another
// asks SameName(); encodings are compared nowhere.

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
