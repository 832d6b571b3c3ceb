#include "certs/image_lookup.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/fault.h"

namespace mantlet::certs {

const char* HintForUnreadable(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) return "allow mantlet's user to read it";
  if (!absl::IsFailedPrecondition(status)) return "check the path";
  const std::string why(status.message());
  return why.ends_with("directory") ? "name the file in it" : "put a regular file there";
}

const FileContent* FindContent(const std::string& path, const FileImages& images,
                               DiagnosticSink* sink) {
  auto found = images.find(path);
  if (found == images.end()) {
    sink->Error("unreadable", path, "it was not read", "");
    return nullptr;
  }
  if (found->second.ok()) return &*found->second;
  // The reader's message starts with the path, which a Diagnostic prints itself.
  const absl::Status& status = found->second.status();
  std::string message(status.message());
  if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
  const x509::Fault fault = x509::FaultOf(absl::Status(status.code(), message), path);
  std::string hint = fault.hint;
  if (hint.empty()) {
    hint = HintForUnreadable(status);
  }
  sink->Error("unreadable", path, absl::StrCat("cannot be read: ", fault.what), std::move(hint));
  return nullptr;
}

void ReportUnparsable(const std::string& path, const absl::Status& status, DiagnosticSink* sink) {
  x509::Fault fault = x509::FaultOf(status, path);
  if (fault.hint.empty()) fault.hint = "copy the file again from its source";
  sink->Error("unparsable", path, std::move(fault.what), std::move(fault.hint));
}

std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          DiagnosticSink* sink) {
  const FileContent* content = FindContent(path, images, sink);
  if (content == nullptr) return std::nullopt;
  std::string_view passphrase = content->bytes;
  if (passphrase.ends_with('\n')) passphrase.remove_suffix(1);
  if (passphrase.ends_with('\r')) passphrase.remove_suffix(1);
  return std::string(passphrase);
}

}  // namespace mantlet::certs
