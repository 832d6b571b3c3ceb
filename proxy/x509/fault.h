// Fault is why a file cannot be used: what is wrong, and a hint how to fix it. Readers return both
// in one absl::Status, "WHAT; HINT", in which FILE stands for the file's path. A status of code
// DataLoss means that the file may not be completely written yet.

#ifndef MANTLET_PROXY_X509_FAULT_H_
#define MANTLET_PROXY_X509_FAULT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mantlet::x509 {

struct Fault {
  std::string what;  // without a full stop
  std::string hint;

  // Returns "what; hint".
  std::string ToString() const;
};

Fault FaultOf(const absl::Status& status, std::string_view path);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_FAULT_H_
