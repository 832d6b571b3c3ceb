// Converts the TLS library's error queue to sentences. The queue belongs to the thread: a caller of
// the library clears it before the call and reads it only after a failure.

#ifndef MANTLET_PROXY_X509_OPENSSL_ERRORS_H_
#define MANTLET_PROXY_X509_OPENSSL_ERRORS_H_

#include <string>

namespace mantlet::x509 {

void ClearErrors();

// Returns the errors in this thread's queue, oldest first, joined with "; ", and clears the queue.
// Returns "no further detail" if it is empty.
std::string TakeErrors();

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_OPENSSL_ERRORS_H_
