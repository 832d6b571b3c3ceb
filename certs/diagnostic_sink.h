// DiagnosticSink collects the diagnostics of one listener's files. Diagnostics with the same code,
// file and sentence are reported once, with the higher severity, even if several listeners share
// the file.

#ifndef MANTLET_CERTS_DIAGNOSTIC_SINK_H_
#define MANTLET_CERTS_DIAGNOSTIC_SINK_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/diagnostic.h"

namespace mantlet::certs {

class DiagnosticSink {
 public:
  // `diagnostics` must outlive the sink, and only grow.
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
    // Another sink may have added to the list.
    for (; indexed_ < diagnostics_->size(); ++indexed_) {
      index_.try_emplace(KeyOf((*diagnostics_)[indexed_]), indexed_);
    }
    const auto [found, is_new] = index_.try_emplace(KeyOf(diagnostic), diagnostics_->size());
    if (is_new) {
      diagnostics_->push_back(std::move(diagnostic));
      ++indexed_;
      return;
    }
    config::Diagnostic& known = (*diagnostics_)[found->second];
    if (diagnostic.severity < known.severity) known = std::move(diagnostic);
  }

 private:
  static std::string KeyOf(const config::Diagnostic& diagnostic) {
    std::string key = diagnostic.code;
    key += '\0';
    key += diagnostic.where.file;
    key += '\0';
    key += diagnostic.what;
    return key;
  }

  void Report(config::Severity severity, std::string code, std::string file, std::string what,
              std::string hint) {
    config::Location where;
    where.file = std::move(file);
    Add({std::move(where), severity, std::move(what), std::move(hint), std::move(code), listener_});
  }

  std::string listener_;
  config::Diagnostics* diagnostics_;
  // The positions in `diagnostics_`: a bundle of ten thousand anchors may cause a warning for each.
  std::unordered_map<std::string, size_t> index_;
  size_t indexed_ = 0;  // how many of them `index_` contains
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_DIAGNOSTIC_SINK_H_
