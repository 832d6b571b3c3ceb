// BuildGeneration makes a checked Generation from a configuration and the content of its files, or
// returns diagnostics. Pure. With an error anywhere there is no generation. A reload evaluates the
// diagnostics of each listener separately: certs/rotation.h.

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
  config::Diagnostics diagnostics;  // errors, warnings and notes in configuration order
  // The material that could be loaded in spite of errors: `mantlet check` prints it, and a reload
  // uses its listeners without errors.
  Generation partial;
  // All diagnostics of each listener of `partial`, including those that another listener also has.
  std::vector<config::Diagnostics> by_listener;
};

// `now` is in seconds since the epoch. `previous` is the generation in use, or null; it is used
// only for warnings about older material.
BuildResult BuildGeneration(const config::Config& config, const MaterialSnapshot& snapshot,
                            int64_t now, const Generation* previous = nullptr);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_BUILDER_H_
