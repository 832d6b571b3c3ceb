// A distinguished name in a form in which equal names are equal bytes (RFC 5280,
// 7.1: letter case and repeated blanks mean nothing, nor does the string type).

#ifndef MANTLET_PROXY_TLS_CANONICAL_NAME_H_
#define MANTLET_PROXY_TLS_CANONICAL_NAME_H_

#include <string>
#include <vector>

struct X509_name_st;  // openssl's X509_NAME

namespace mantlet::tls {

// One element for each relative distinguished name, the least specific first, so
// that a name lies within a subtree if the subtree's elements are its first ones.
using CanonicalName = std::vector<std::string>;

CanonicalName Canonicalize(const X509_name_st* name);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CANONICAL_NAME_H_
