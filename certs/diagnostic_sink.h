// DiagnosticSink collects the diagnostics of one listener's files. Diagnostics with the same code,
// file and sentence are reported once, with the higher severity, even if several listeners share
// the file.

#ifndef MANTLET_CERTS_DIAGNOSTIC_SINK_H_
#define MANTLET_CERTS_DIAGNOSTIC_SINK_H_

#include <string>
#include <utility>

#include "config/diagnostic.h"

namespace mantlet::certs {

class DiagnosticSink {
 public:
  // `diagnostics` must outlive the sink.
  DiagnosticSink(std::string listener, config::Diagnostics* diagnostics)
      : listener_(std::move(listener)), diagnostics_(diagnostics) {}

  // `code` is one of the codes in certs/README.md; `file` may be empty.
  void Error(std::string code, std::string file, std::string what, std::string hint) {
    Report(config::Severity::kError, std::move(code), std::move(file), std::move(what),
           std::move(hint));
  }
  void Warning(std::string code, std::string file, std::string what, std::string hint) {
    Report(config::Severity::kWarning, std::move(code), std::move(file), std::move(what),
           std::move(hint));
  }
  void Note(std::string code, std::string file, std::string what, std::string hint) {
    Report(config::Severity::kNote, std::move(code), std::move(file), std::move(what),
           std::move(hint));
  }
  void Add(config::Diagnostic diagnostic) {
    for (config::Diagnostic& known : *diagnostics_) {
      if (known.code != diagnostic.code || known.where.file != diagnostic.where.file ||
          known.what != diagnostic.what) {
        continue;
      }
      if (diagnostic.severity < known.severity) known = std::move(diagnostic);
      return;
    }
    diagnostics_->push_back(std::move(diagnostic));
  }

 private:
  void Report(config::Severity severity, std::string code, std::string file, std::string what,
              std::string hint) {
    config::Location where;
    where.file = std::move(file);
    Add({std::move(where), severity, std::move(what), std::move(hint), std::move(code), listener_});
  }

  std::string listener_;
  config::Diagnostics* diagnostics_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_DIAGNOSTIC_SINK_H_
