// Lines of JSON in, verdicts out; see README.md.

#include <ctime>
#include <iostream>
#include <string>

#include "test/verify/line_verifier.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    // The answers stay in step with the questions: a blank line is one, too.
    std::cout << mantlet::verify::VerifyLine(line, std::time(nullptr)) << std::endl;
  }
  return 0;
}
