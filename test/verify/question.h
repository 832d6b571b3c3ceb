// Question: what one line of the verify-only harness asks, read and checked.

#ifndef MANTLET_TEST_VERIFY_QUESTION_H_
#define MANTLET_TEST_VERIFY_QUESTION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/revocation_list.h"
#include "proxy/x509/revocation_lists.h"

namespace mantlet::verify {

struct Question {
  std::vector<std::string> chain;  // DER, leaf first
  std::vector<x509::CertificatePtr> trust;
  std::vector<x509::RevocationListPtr> crls;
  int64_t time = 0;  // seconds since the epoch
  verify::ChainVerifier::Options options;
  x509::RevocationLists::Options revocation;
  std::vector<std::string> spki_pins;  // lower-case hex
  // What was not understood and left out.
  std::vector<std::string> warnings;
};

// `now`: the time of a question that names none. The error says which key is wrong.
absl::StatusOr<Question> ReadQuestion(std::string_view line, int64_t now);

}  // namespace mantlet::verify

#endif  // MANTLET_TEST_VERIFY_QUESTION_H_
