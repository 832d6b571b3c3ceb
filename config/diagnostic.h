// What was found wrong in a configuration, and where.

#ifndef MANTLET_CONFIG_DIAGNOSTIC_H_
#define MANTLET_CONFIG_DIAGNOSTIC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

enum class Severity { kError, kWarning };

// A mistake together with its cure. `what` is a clause without a full stop that names the key;
// `hint` is an imperative ("write …", "did you mean …?"), or empty where there is nothing to add.
struct Diagnostic {
  Location where;  // line 0: the file as a whole
  Severity severity = Severity::kError;
  std::string what;
  std::string hint;
};

// What is wrong with a value. `what` continues a sentence that begins with the key.
struct Problem {
  std::string what;
  std::string hint;
};

// "FILE:LINE:COLUMN", or "FILE" where the place is the file as a whole.
std::string ToString(const Location& where);

// "FILE:LINE:COLUMN: what; hint". A warning says "warning: " before `what`.
std::string ToString(const Diagnostic& diagnostic);

// Nobody mends more at once; whoever adds to a list stops there.
inline constexpr size_t kMaxDiagnostics = 100;

bool HasErrors(const std::vector<Diagnostic>& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_DIAGNOSTIC_H_
