// Describes errors of the TLS library in sentences for operators. The library's own terms
// (WRONG_VERSION_NUMBER, DECODE_ERROR) are meant for its developers; they are added in parentheses
// only if no sentence describes the error. Pure.

#ifndef MANTLET_PROXY_TLS_TLS_ERRORS_H_
#define MANTLET_PROXY_TLS_TLS_ERRORS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::tls {

// Returns the sentence for `error` (a value of the library's error queue) that a client has caused;
// empty if there is none.
std::string_view SentenceFor(uint32_t error);

// Returns a sentence for an error queue with these oldest and newest errors: the sentence of the
// first of them that has one, a description of an alert that the client sent, or a sentence with
// the library's terms. 0 means that the queue is empty.
std::string ExplainErrors(uint32_t first, uint32_t last);
// Does the same for this thread's queue and clears it.
std::string TakeExplainedErrors();

// Returns e.g. "the client sent the alert 48 (unknown CA)".
std::string ExplainAlert(uint8_t alert);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TLS_ERRORS_H_
