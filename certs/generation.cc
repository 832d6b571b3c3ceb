#include "certs/generation.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proxy/x509/hex.h"

namespace mantlet::certs {

const ListenerMaterial* Generation::Find(std::string_view listener) const {
  for (const ListenerMaterial& material : listeners) {
    if (material.listener == listener) return &material;
  }
  return nullptr;
}

void Seal(Generation* generation) {
  std::string ids;
  generation->warnings.clear();
  for (const ListenerMaterial& listener : generation->listeners) {
    absl::StrAppend(&ids, listener.id, " ", listener.listener, "\n");
    for (const std::string& warning : listener.warnings) {
      std::vector<std::string>& all = generation->warnings;
      if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
    }
  }
  generation->id = x509::Sha256Hex(ids);
}

}  // namespace mantlet::certs
