#include "certs/image_lookup.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::certs {

const FileContent* FindContent(const std::string& path, const FileImages& images,
                               FindingSink* sink) {
  auto found = images.find(path);
  if (found == images.end()) {
    sink->Error("unreadable", path, "it was not read", "");
    return nullptr;
  }
  if (found->second.ok()) return &*found->second;
  // The reader's sentence starts with the path; a Finding brings its own.
  std::string message(found->second.status().message());
  if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
  sink->Error("unreadable", path, absl::StrCat("cannot be read: ", message),
              absl::IsPermissionDenied(found->second.status())
                  ? "let the user that mantlet runs as read it"
                  : "check the path");
  return nullptr;
}

std::optional<std::string> ReadPassphrase(const std::string& path, const FileImages& images,
                                          FindingSink* sink) {
  const FileContent* content = FindContent(path, images, sink);
  if (content == nullptr) return std::nullopt;
  std::string_view passphrase = content->bytes;
  if (passphrase.ends_with('\n')) passphrase.remove_suffix(1);
  if (passphrase.ends_with('\r')) passphrase.remove_suffix(1);
  return std::string(passphrase);
}

}  // namespace mantlet::certs
