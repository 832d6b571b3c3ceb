// Writes test cases as JUnit XML, the form of reports that CI systems show.

#ifndef MANTLET_PROXY_CLI_JUNIT_H_
#define MANTLET_PROXY_CLI_JUNIT_H_

#include <string>
#include <vector>

namespace mantlet::cli {

struct JunitCase {
  std::string group;  // "listener public"
  std::string name;
  std::vector<std::string> failures;  // empty for a case that passes
  std::vector<std::string> notes;     // warnings, which do not fail the case
};

// Returns a document with one suite. Bytes that XML does not allow are replaced by '?'.
std::string JunitXml(const std::string& suite, const std::vector<JunitCase>& cases);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_JUNIT_H_
