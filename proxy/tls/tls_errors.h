// Errors of the TLS library as sentences for operators. The library's own words
// (WRONG_VERSION_NUMBER, DECODE_ERROR) are written for its developers; they appear only in
// parentheses behind a sentence, where there is none of ours that says more. Pure.

#ifndef MANTLET_PROXY_TLS_TLS_ERRORS_H_
#define MANTLET_PROXY_TLS_TLS_ERRORS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::tls {

// Returns our sentence for `error` (a value of the library's error queue) that a client has
// caused; empty if there is none of ours.
std::string_view SentenceFor(uint32_t error);

// Returns a sentence for the queue whose oldest and newest errors these are: of the first of them
// that has one of ours, of an alert that the client sent, or one that names the library's words.
// 0: the queue is empty.
std::string ExplainErrors(uint32_t first, uint32_t last);
// The same of this thread's queue, which is empty afterwards.
std::string TakeExplainedErrors();

// "the client sent the alert 48 (unknown CA)"
std::string ExplainAlert(uint8_t alert);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TLS_ERRORS_H_
