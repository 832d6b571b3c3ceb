// Diagnostic: one thing that is wrong in a configuration or in a file that it names, where it is,
// and what to do about it. `mantlet check` prints all of them; a start or a reload is refused if
// any of them is an error.

#ifndef MANTLET_CONFIG_DIAGNOSTIC_H_
#define MANTLET_CONFIG_DIAGNOSTIC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// The gravest comes first.
enum class Severity { kError, kWarning, kNote };

// `what` is a clause without a full stop that names the key; `hint` is an imperative ("write …",
// "did you mean …?"), or empty where there is nothing to add.
struct Diagnostic {
  Location where;  // line 0: the file as a whole; an empty file: no file in particular
  Severity severity = Severity::kError;
  std::string what;
  std::string hint;
  // Of certificate material only. `code` is stable, for scripts ("key_mismatch", "expired", …);
  // certs/README.md lists them. `listener` may be empty.
  std::string code = {};
  std::string listener = {};
};

// What is wrong with a value. `what` continues a sentence that begins with the key.
struct Problem {
  std::string what;
  std::string hint;
};

using Diagnostics = std::vector<Diagnostic>;

// "error", "warning" or "note".
const char* ToString(Severity severity);

// "FILE:LINE:COLUMN", or "FILE" where the place is the file as a whole.
std::string ToString(const Location& where);

// "FILE:LINE:COLUMN: what; hint". A warning says "warning: " before `what`.
std::string ToString(const Diagnostic& diagnostic);

// The same without the severity: "FILE: what; hint".
std::string Sentence(const Diagnostic& diagnostic);

// Nobody mends more at once; whoever adds to a list stops there.
inline constexpr size_t kMaxDiagnostics = 100;

bool HasErrors(const Diagnostics& diagnostics);

// The sentences of all errors, joined with " | ", for a log record or a refused start.
std::string JoinErrors(const Diagnostics& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_DIAGNOSTIC_H_
