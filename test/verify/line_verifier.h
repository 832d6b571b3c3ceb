// VerifyLine: one question to the chain verifier as a line of JSON, and its answer
// as another. README.md beside this file documents both. Pure: whatever the line
// holds, the answer is one line, and nothing is kept from one line to the next.

#ifndef MANTLET_TEST_VERIFY_LINE_VERIFIER_H_
#define MANTLET_TEST_VERIFY_LINE_VERIFIER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::verify {

// `now`: seconds since the epoch, for questions without a time. The answer has no
// line break. A line that is no question is answered with the reason "bad_input".
std::string VerifyLine(std::string_view line, int64_t now);

}  // namespace mantlet::verify

#endif  // MANTLET_TEST_VERIFY_LINE_VERIFIER_H_
