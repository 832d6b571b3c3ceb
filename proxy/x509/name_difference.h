// Describes the difference between two distinguished names that look alike in print, so that a
// message with both does not seem to name one of them twice. Pure.

#ifndef MANTLET_PROXY_X509_NAME_DIFFERENCE_H_
#define MANTLET_PROXY_X509_NAME_DIFFERENCE_H_

#include <string>

struct X509_name_st;  // openssl's X509_NAME

namespace mantlet::x509 {

// Returns a clause such as "the two look alike, but the CN has U+0430 in one and U+0061 in the
// other". Returns an empty string for names that are the same (SameName), for names that differ
// visibly, and for names longer than a kilobyte.
std::string NameDifference(const X509_name_st* a, const X509_name_st* b);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_NAME_DIFFERENCE_H_
