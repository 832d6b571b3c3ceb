// BuildGeneration makes a checked Generation of a configuration and of the bytes that its names
// stand for, or returns diagnostics. Pure. It refuses as a whole: with one error anywhere
// there is no generation. A reload goes by the diagnostics of each listener: certs/rotation.h.

#ifndef MANTLET_CERTS_GENERATION_BUILDER_H_
#define MANTLET_CERTS_GENERATION_BUILDER_H_

#include <cstdint>
#include <vector>

#include "certs/generation.h"
#include "certs/source.h"
#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::certs {

struct BuildResult {
  GenerationPtr generation;         // null if any diagnostic is an error
  config::Diagnostics diagnostics;  // errors, warnings and notes, configuration order
  // What could be loaded in spite of errors: for `mantlet check` to show, and for a reload,
  // which takes the listeners without one.
  Generation partial;
  // All diagnostics of each listener of `partial`, also those that another one has, too.
  std::vector<config::Diagnostics> by_listener;
};

// `now`: seconds since the epoch. `previous`: what is in use, or null; only for
// warnings of what has become older.
BuildResult BuildGeneration(const config::Config& config, const MaterialSnapshot& snapshot,
                            int64_t now, const Generation* previous = nullptr);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_BUILDER_H_
