// Findings: what a check uses to report at the place of a value.

#ifndef MANTLET_CONFIG_CHECKS_FINDINGS_H_
#define MANTLET_CONFIG_CHECKS_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "config/diagnostic.h"
#include "config/places.h"

namespace mantlet::config {

// Refers to its arguments; lives for the length of one validation.
class Findings {
 public:
  Findings(const Places& places, std::vector<Diagnostic>& diagnostics)
      : places_(places), diagnostics_(diagnostics) {}

  const Places& places() const { return places_; }
  bool Refused(const std::string& path) const { return places_.Refused(path); }
  int LineOf(const std::string& path) const { return places_.Of(path).line; }

  void Error(const std::string& path, std::string what, std::string hint) {
    Add(path, Severity::kError, std::move(what), std::move(hint));
  }
  void Warning(const std::string& path, std::string what, std::string hint) {
    Add(path, Severity::kWarning, std::move(what), std::move(hint));
  }

 private:
  void Add(const std::string& path, Severity severity, std::string what, std::string hint) {
    // An error must be kept whatever there is, or the configuration would be taken.
    const bool full = diagnostics_.size() >= kMaxDiagnostics;
    if (full && (severity == Severity::kWarning || HasErrors(diagnostics_))) return;
    diagnostics_.push_back({places_.Of(path), severity, std::move(what), std::move(hint)});
  }

  const Places& places_;
  std::vector<Diagnostic>& diagnostics_;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_FINDINGS_H_
