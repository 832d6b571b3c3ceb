// Findings adds diagnostics at the source location of a value.

#ifndef MANTLET_CONFIG_CHECKS_FINDINGS_H_
#define MANTLET_CONFIG_CHECKS_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "config/diagnostic.h"
#include "config/source_locations.h"

namespace mantlet::config {

// It borrows its arguments for the duration of one validation.
class Findings {
 public:
  Findings(const SourceLocations& locations, std::vector<Diagnostic>& diagnostics)
      : locations_(locations), diagnostics_(diagnostics) {}

  const SourceLocations& locations() const { return locations_; }
  bool Rejected(const std::string& path) const { return locations_.Rejected(path); }
  int LineOf(const std::string& path) const { return locations_.Locate(path).line; }

  void Error(const std::string& path, std::string what, std::string hint) {
    Add(path, Severity::kError, std::move(what), std::move(hint));
  }
  void Warning(const std::string& path, std::string what, std::string hint) {
    Add(path, Severity::kWarning, std::move(what), std::move(hint));
  }

 private:
  void Add(const std::string& path, Severity severity, std::string what, std::string hint) {
    // The first error is kept even if the list is full: without one, the configuration would load.
    const bool full = diagnostics_.size() >= kMaxDiagnostics;
    if (full && (severity == Severity::kWarning || HasErrors(diagnostics_))) return;
    diagnostics_.push_back({locations_.Locate(path), severity, std::move(what), std::move(hint)});
  }

  const SourceLocations& locations_;
  std::vector<Diagnostic>& diagnostics_;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_FINDINGS_H_
