// Diagnostic is an error or a warning about a configuration or a file that it names, with its
// location and a hint. `mantlet check` prints all diagnostics; a start or a reload fails if one of
// them is an error.

#ifndef MANTLET_CONFIG_DIAGNOSTIC_H_
#define MANTLET_CONFIG_DIAGNOSTIC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// The most severe comes first.
enum class Severity { kError, kWarning, kNote };

// `what` is a clause without a full stop that contains the key. `hint` is an imperative ("write …",
// "did you mean …?"), or empty if there is none.
struct Diagnostic {
  Location where;  // line 0 means the file as a whole, an empty file no particular file
  Severity severity = Severity::kError;
  std::string what;
  std::string hint;
  // For certificate material only. `code` is stable, for scripts ("key_mismatch", "expired", …);
  // certs/README.md lists them. `listener` may be empty.
  std::string code = {};
  std::string listener = {};
};

// Problem is an error of one value. `what` continues a sentence that begins with the key.
struct Problem {
  std::string what;
  std::string hint;
};

using Diagnostics = std::vector<Diagnostic>;

// Returns "error", "warning" or "note".
const char* ToString(Severity severity);

// Returns "FILE:LINE:COLUMN", or "FILE" for a file as a whole.
std::string ToString(const Location& where);

// Returns "FILE:LINE:COLUMN: what; hint". A warning has "warning: " before `what`.
std::string ToString(const Diagnostic& diagnostic);

// Returns the same without the severity: "FILE: what; hint".
std::string Sentence(const Diagnostic& diagnostic);

// The maximum number of diagnostics in a list; further ones are dropped.
inline constexpr size_t kMaxDiagnostics = 100;

bool HasErrors(const Diagnostics& diagnostics);

// Returns the sentences of all errors, joined with " | ", for a log record or a failed start.
std::string JoinErrors(const Diagnostics& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_DIAGNOSTIC_H_
