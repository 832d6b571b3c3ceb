// Rotation decides which listeners load what has been read, and which keep what they have.
//
// A listener loads certificates, trust and revocation lists as one set or keeps all of the old
// one: it never serves a part of what is on disk. Errors in one listener's files do not affect the
// others. Three rules prevent a listener from running with a combination of settings and files
// that was never configured:
//
// - Old material is kept only under the settings that it was loaded for. A listener that is new,
//   or whose settings differ, and whose files are wrong causes the configuration to be refused.
// - While a configuration is refused, a listener whose settings differ there keeps what it has:
//   its new files may depend on the new settings.
// - While the configuration on disk cannot even be read, new trust anchors are not loaded, for the
//   same reason, nor is the loss of a CA's revocation list; renewed certificates and revocation
//   lists are.
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

// A listener that keeps what it has.
struct HeldListener {
  std::string name;
  std::string reason;  // a sentence
};

struct Rotation {
  // Null if the configuration is refused: `refused` says why.
  GenerationPtr generation;
  std::string refused;
  std::vector<HeldListener> held;

  bool Holds(const std::string& listener) const;
};

// `built` from the files that `wanted` names, of which those in `unstable` would not hold
// still. `running` and `in_use`: what is served now.
Rotation Rotate(const config::Config& wanted, const BuildResult& built,
                const std::set<std::string>& unstable, const config::Config& running,
                const Generation& in_use);

// The same while `running` has to go on: `on_disk` is the configuration that is refused,
// or null if it cannot be read. `built` from the files that `running` names. Never refuses.
Rotation RotateUnder(const config::Config& running, const BuildResult& built,
                     const std::set<std::string>& unstable, const config::Config* on_disk,
                     const Generation& in_use);

// `rotation` with this listener's old material again, which `in_use` has.
void Hold(const std::string& listener, const std::string& reason, const Generation& in_use,
          Rotation* rotation);

// Null if there is no such listener.
const config::Listener* FindListener(const config::Config& config, const std::string& name);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_ROTATION_H_
