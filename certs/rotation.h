// Rotation decides which listeners load their new files and which keep their current material.
//
// A listener loads certificates, trust and revocation lists as one set or keeps the whole old set:
// it never uses only a part of the files on disk. Errors in one listener's files do not affect the
// others. Three rules prevent a listener from running with a combination of settings and files that
// was never configured:
//
// - Old material is kept only under the settings that it was loaded for. If a listener is new or
// its settings
//   have changed, and its files are invalid, the configuration is rejected.
// - While a configuration is rejected, a listener whose settings differ in it keeps its material:
// its new files
//   may depend on the new settings.
// - While the configuration on disk cannot be read, new trust anchors are not loaded, for the same
// reason, nor
//   is the removal of a CA's revocation list. Renewed certificates and revocation lists are loaded.
//
// Pure.

#ifndef MANTLET_CERTS_ROTATION_H_
#define MANTLET_CERTS_ROTATION_H_

#include <set>
#include <string>
#include <vector>

#include "certs/generation.h"
#include "certs/generation_loader.h"
#include "config/config.h"

namespace mantlet::certs {

// HeldListener is a listener that keeps its current material.
struct HeldListener {
  std::string name;
  std::string reason;  // a sentence
};

struct Rotation {
  // Null if the configuration is rejected; `refused` is the reason.
  GenerationPtr generation;
  std::string refused;
  std::vector<HeldListener> held;

  bool Holds(const std::string& listener) const;
};

// Decides for the configuration `wanted`. `built` was built from its files, of which those in
// `unstable` kept changing. `running` and `in_use` are the configuration and the material that are
// in use.
Rotation Rotate(const config::Config& wanted, const BuildResult& built,
                const std::set<std::string>& unstable, const config::Config& running,
                const Generation& in_use);

// Decides while `running` stays in use. `on_disk` is the rejected configuration, or null if it
// cannot be read. `built` was built from the files of `running`. Never rejects.
Rotation RotateUnder(const config::Config& running, const BuildResult& built,
                     const std::set<std::string>& unstable, const config::Config* on_disk,
                     const Generation& in_use);

// Makes this listener keep its material from `in_use`.
void Hold(const std::string& listener, const std::string& reason, const Generation& in_use,
          Rotation* rotation);

// Returns null if there is no such listener.
const config::Listener* FindListener(const config::Config& config, const std::string& name);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_ROTATION_H_
