// Collects findings for one listener; the same sentence about the same file is
// taken once, however many listeners share the file, and with the gravest severity.

#ifndef MANTLET_CERTS_FINDING_SINK_H_
#define MANTLET_CERTS_FINDING_SINK_H_

#include <string>
#include <utility>

#include "certs/finding.h"

namespace mantlet::certs {

class FindingSink {
 public:
  // `findings` must outlive the sink.
  FindingSink(std::string listener, Findings* findings)
      : listener_(std::move(listener)), findings_(findings) {}

  void Error(std::string code, std::string file, std::string what, std::string cure) {
    Add({Severity::kError, std::move(code), listener_, std::move(file), std::move(what),
         std::move(cure)});
  }
  void Warning(std::string code, std::string file, std::string what, std::string cure) {
    Add({Severity::kWarning, std::move(code), listener_, std::move(file), std::move(what),
         std::move(cure)});
  }
  void Note(std::string code, std::string file, std::string what, std::string cure) {
    Add({Severity::kNote, std::move(code), listener_, std::move(file), std::move(what),
         std::move(cure)});
  }
  void Add(Finding finding) {
    for (Finding& known : *findings_) {
      if (known.code != finding.code || known.file != finding.file || known.what != finding.what) {
        continue;
      }
      if (finding.severity < known.severity) known = std::move(finding);  // kError is the first
      return;
    }
    findings_->push_back(std::move(finding));
  }

 private:
  std::string listener_;
  Findings* findings_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FINDING_SINK_H_
