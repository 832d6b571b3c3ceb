// Fault is why a file cannot be used, in two parts: what it is, and a hint that makes it usable.
// Readers return both in one absl::Status, "WHAT; HINT", where the word FILE stands for the file's
// path. A status of code DataLoss is about a file that may not be completely written yet.

#ifndef MANTLET_PROXY_X509_FAULT_H_
#define MANTLET_PROXY_X509_FAULT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mantlet::x509 {

struct Fault {
  std::string what;  // without a full stop
  std::string hint;

  // "what; hint"
  std::string ToString() const;
};

Fault FaultOf(const absl::Status& status, std::string_view path);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_FAULT_H_
