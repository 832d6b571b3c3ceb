#include "proxy/tls/certificate_selector.h"

#include "absl/strings/string_view.h"

namespace mantlet::tls {

CertificateSelector::CertificateSelector(const std::vector<std::vector<std::string>>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    for (const std::string& name : names[i]) {
      if (name.starts_with("*.")) {
        wildcard_.try_emplace(name.substr(2), i);
      } else {
        exact_.try_emplace(name, i);
      }
    }
  }
}

std::optional<size_t> CertificateSelector::Find(std::string_view name) const {
  // abseil's own string_view where it is not an alias of the standard's.
  auto key = [](std::string_view text) { return absl::string_view(text.data(), text.size()); };
  if (auto it = exact_.find(key(name)); it != exact_.end()) return it->second;
  size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  auto it = wildcard_.find(key(name.substr(dot + 1)));
  if (it == wildcard_.end()) return std::nullopt;
  return it->second;
}

}  // namespace mantlet::tls
