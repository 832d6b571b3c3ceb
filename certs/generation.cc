#include "certs/generation.h"

namespace mantlet::certs {

const ListenerMaterial* Generation::Find(std::string_view listener) const {
  for (const ListenerMaterial& material : listeners) {
    if (material.listener == listener) return &material;
  }
  return nullptr;
}

}  // namespace mantlet::certs
