// Checks that involve more than one value of a configuration.

#ifndef MANTLET_CONFIG_CHECKS_VALIDATION_H_
#define MANTLET_CONFIG_CHECKS_VALIDATION_H_

#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "config/source_locations.h"

namespace mantlet::config {

// Validate appends errors and warnings to `diagnostics`. It skips values that are marked as
// rejected in `locations`, so that one mistake gives one message.
void Validate(const Config& config, const SourceLocations& locations,
              std::vector<Diagnostic>& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_VALIDATION_H_
