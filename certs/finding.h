// Finding: one thing to say about certificate material: what is wrong, where,
// and what to do about it. `mantlet check` prints them; a start or a reload is
// refused if any of them is an error.

#ifndef MANTLET_CERTS_FINDING_H_
#define MANTLET_CERTS_FINDING_H_

#include <string>
#include <vector>

namespace mantlet::certs {

enum class Severity { kError, kWarning, kNote };

struct Finding {
  Severity severity = Severity::kError;
  std::string
      code;  // stable, for scripts: "key_mismatch", "expired", …; certs/README.md lists them
  std::string listener;  // may be empty
  std::string file;      // may be empty
  std::string what;      // a sentence without a full stop
  std::string cure;      // what to do; may be empty

  // "FILE: what; cure"
  std::string ToString() const;
};

using Findings = std::vector<Finding>;

bool HasError(const Findings& findings);
// Every error as one text, joined with " | "; for logs and a refused start.
std::string JoinErrors(const Findings& findings);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FINDING_H_
